"""Who a container is, what it reads, where it may write: as its image needs it, within Pod Security *restricted*."""

import os
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.catalogue import ENVIRONMENTS
from blueprint.catalogue.mounting import MOST_BYTES, TEMPORARY
from blueprint.reading import TextError
from manifests import everything
from operations.judging import stack_objects
from policies.adapters.bounded import bounded
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings, workload

SAID: Final = """\
      scratch: {/var/cache/nginx: 64Mi, /srv/shared: 1Gi}
  initContainers:
    fill:
      image: example.com/fill:1.0.0
      resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}
      scratch: {/srv/shared: 512Mi}
"""


def pod(folder: Path, more: str) -> Any:
    """The pod of a service of which `more` is said, from its first container on."""
    objects = everything(design(settings(), catalogue(folder, web=more)))
    return workload(objects)["spec"]["template"]["spec"]


def mounts(container: Any) -> dict[str, str]:
    """Path → volume."""
    return {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}


def test_a_container_writes_only_to_its_own_folders(tmp_path: Path) -> None:
    made = pod(tmp_path, SAID)
    main, fill = mounts(made["containers"][0]), mounts(made["initContainers"][0])
    assert (sorted(main), sorted(fill)) == (
        ["/srv/shared", TEMPORARY, "/var/cache/nginx"],
        ["/srv/shared", TEMPORARY],
    )
    assert made["containers"][0]["securityContext"]["readOnlyRootFilesystem"]


def test_one_path_in_two_containers_is_one_folder_of_the_larger_size(tmp_path: Path) -> None:
    made = pod(tmp_path, SAID)
    sizes = {volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in made["volumes"]}
    main, fill = mounts(made["containers"][0]), mounts(made["initContainers"][0])
    assert main["/srv/shared"] == fill["/srv/shared"]
    assert (sizes[main["/srv/shared"]], sizes[main["/var/cache/nginx"]]) == ("1024Mi", "64Mi")


def test_the_disk_of_a_container_holds_what_it_may_write(tmp_path: Path) -> None:
    bare, folders = pod(tmp_path / "bare", "")["containers"][0], pod(tmp_path / "folders", SAID)["containers"][0]
    for side in ("requests", "limits"):
        before, after = (
            int(each["resources"][side]["ephemeral-storage"].removesuffix("Mi")) for each in (bare, folders)
        )
        assert after - before == 64 + 1024, side


def test_every_container_runs_as_the_user_and_in_the_group_its_owner_names(tmp_path: Path) -> None:
    said = pod(tmp_path, "  user: 20001\n  group: 20002\n")["securityContext"]
    assert (said["runAsUser"], said["runAsGroup"], said["fsGroup"]) == (20001, 20002, 20002)
    assert said["runAsNonRoot"]


def test_without_a_word_the_user_is_the_platforms(tmp_path: Path) -> None:
    said = pod(tmp_path, "")["securityContext"]
    assert {said["runAsUser"], said["runAsGroup"], said["fsGroup"]} == {10001}


READS: Final = """\
      files:
        /etc/nginx/nginx.conf: |
          location / { proxy_set_header Host ${host}; }
        /etc/nginx/mime.types: text/html html;
  initContainers:
    fill:
      image: example.com/fill:1.0.0
      resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}
      files: {/etc/fill.conf: quick}
"""


def read(folder: Path, more: str) -> dict[str, dict[str, str]]:
    """Container → path → the text it reads there, as Kubernetes would find it."""
    objects = list(everything(design(settings(), catalogue(folder, web=more))))
    held = {each["metadata"]["name"]: each["data"] for each in objects if each["kind"] == "ConfigMap"}
    spec = workload(objects)["spec"]["template"]["spec"]
    volumes = {each["name"]: each["configMap"]["name"] for each in spec["volumes"] if "configMap" in each}
    return {
        container["name"]: {
            mount["mountPath"]: held[volumes[mount["name"]]][mount["subPath"]]
            for mount in container["volumeMounts"]
            if mount["name"] in volumes and mount["readOnly"]
        }
        for container in (*spec["containers"], *spec.get("initContainers", ()))
    }


def test_each_container_reads_its_own_files_as_they_are_written(tmp_path: Path) -> None:
    assert read(tmp_path, READS) == {
        "main": {
            "/etc/nginx/mime.types": "text/html html;",
            "/etc/nginx/nginx.conf": "location / { proxy_set_header Host ${host}; }\n",
        },
        "fill": {"/etc/fill.conf": "quick"},
    }


def test_a_changed_file_restarts_the_pods(tmp_path: Path) -> None:
    sums = set()
    for name, text in {"one": READS, "other": READS.replace("quick", "slow")}.items():
        objects = everything(design(settings(), catalogue(tmp_path / name, web=text)))
        template = workload(objects)["spec"]["template"]
        sums.add(next(value for key, value in template["metadata"]["annotations"].items() if "checksum" in key))
    assert len(sums) == 2


BESIDE: Final = "      files: {/etc/web.conf: {from: web/web.conf}}\n"


def beside(folder: Path, content: bytes = b"quick\r\n") -> Path:
    """`folder` with the file that BESIDE names."""
    file = folder / "web" / "web.conf"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return folder


def refused(folder: Path, more: str = BESIDE) -> str:
    with pytest.raises(TextError) as caught:
        catalogue(folder, web=more)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (f"{folder.name}/web.yaml", line(folder, "/etc/web.conf"))
    return str(problem)


def line(folder: Path, word: str) -> int:
    """The line of the service's file that holds `word`."""
    lines = (folder / "web.yaml").read_text().splitlines()
    return next(number for number, each in enumerate(lines, start=1) if word in each)


def test_a_container_reads_a_file_beside_the_catalogue_as_it_is(tmp_path: Path) -> None:
    assert read(beside(tmp_path), BESIDE) == {"main": {"/etc/web.conf": "quick\r\n"}}


def test_an_environment_takes_another_file_in_its_place(tmp_path: Path) -> None:
    (beside(tmp_path) / "web" / "prod.conf").write_text("careful")
    patch = "  environments: {prod: {containers: {main: {files: {/etc/web.conf: {from: web/prod.conf}}}}}}\n"
    held = catalogue(tmp_path, web=BESIDE + patch)
    said = {each: held.within(each)[0].spec.containers["main"].files for each in ENVIRONMENTS}
    assert said == {each: {"/etc/web.conf": "careful" if each == "prod" else "quick\r\n"} for each in ENVIRONMENTS}


def test_a_file_that_changed_beside_the_catalogue_restarts_the_pods(tmp_path: Path) -> None:
    one, other = (pod_sums(beside(tmp_path / name, text)) for name, text in (("one", b"quick"), ("other", b"slow")))
    assert one != other


def pod_sums(folder: Path) -> Any:
    objects = everything(design(settings(), catalogue(folder, web=BESIDE)))
    template = workload(objects)["spec"]["template"]
    return template["metadata"]["annotations"]


def test_a_file_that_is_missing_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    said = refused(beside(tmp_path), BESIDE.replace("web/web.conf", "web/wbe.conf"))
    assert "'web/wbe.conf', which is not there" in said
    assert "There are: web/web.conf" in said


@pytest.mark.parametrize("path", ["../web.conf", "web/../../web.conf", "/etc/passwd", "./web/web.conf", "", "web//a"])
def test_a_path_that_is_not_plain_is_refused(tmp_path: Path, path: str) -> None:
    said = refused(beside(tmp_path), BESIDE.replace("web/web.conf", f"'{path}'"))
    assert "no plain path below the catalogue's folder" in said


@pytest.mark.parametrize("linked", ["web.conf", "folder"])
def test_a_link_that_leads_out_of_the_catalogue_is_refused(tmp_path: Path, linked: str) -> None:
    outside = beside(tmp_path / "outside") / "web"
    folder = tmp_path / "inside"
    (folder / "web").mkdir(parents=True)
    if linked == "folder":
        (folder / "web").rmdir()
        (folder / "web").symlink_to(outside)
    else:
        (folder / "web" / "web.conf").symlink_to(outside / "web.conf")
    assert "a link that leads out" in refused(folder)


def test_a_link_within_the_catalogue_is_followed(tmp_path: Path) -> None:
    (beside(tmp_path) / "web" / "same.conf").symlink_to("web.conf")
    assert read(tmp_path, BESIDE.replace("web/web.conf", "web/same.conf"))["main"] == {"/etc/web.conf": "quick\r\n"}


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "web.conf").symlink_to("web.conf")
    assert "'web/web.conf', which " in refused(tmp_path)


def test_a_folder_a_pipe_a_binary_and_a_large_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder" / "web" / "web.conf").mkdir(parents=True)
    (tmp_path / "pipe" / "web").mkdir(parents=True)
    os.mkfifo(tmp_path / "pipe" / "web" / "web.conf")
    beside(tmp_path / "binary", b"\x89PNG\xff")
    beside(tmp_path / "nul", b"text\0text")
    beside(tmp_path / "large", b"x" * (MOST_BYTES + 1))
    said = {each: refused(tmp_path / each) for each in ("folder", "pipe", "binary", "nul", "large")}
    assert "a folder" in said["folder"]
    assert "is not there" in said["pipe"]
    assert "not UTF-8 text" in said["binary"]
    assert "not UTF-8 text" in said["nul"]
    assert "into the image" in said["binary"]
    assert f"more than the {MOST_BYTES} bytes" in said["large"]


def test_files_beside_the_catalogue_count_towards_what_a_config_map_holds(tmp_path: Path) -> None:
    beside(tmp_path, b"x" * MOST_BYTES)
    with pytest.raises(TextError, match=f"hold {MOST_BYTES + 1} bytes"):
        catalogue(tmp_path, web=BESIDE.replace("}}", "}, /etc/one.conf: y}"))


@pytest.mark.parametrize("value", ["{form: web/web.conf}", "{from: web/web.conf, mode: 1}", "{from: 3}", "{}"])
def test_a_map_that_names_no_file_is_refused(tmp_path: Path, value: str) -> None:
    assert "neither text nor the name of a file" in refused(tmp_path, f"      files: {{/etc/web.conf: {value}}}\n")


def test_a_secret_in_a_file_beside_the_catalogue_is_found_in_its_config_map(tmp_path: Path) -> None:
    key = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA " + "PRIVATE KEY-----\n"
    found = {}
    for name, text in {"secret": key, "plain": "quick"}.items():
        chosen = settings()
        held = catalogue(beside(tmp_path / name, text.encode()), web=BESIDE)
        facts = Facts.of_stack(chosen, held, limits=limits_of(chosen.environment), today=TODAY)
        report = Judge(facts, bounded(RULES)).everything(stack_objects(design(chosen, held)))
        found[name] = [each for each in report.findings if each.rule.id == "sec-no-plaintext-configmap"]
    assert len(found["secret"]) == 1
    assert found["plain"] == []
