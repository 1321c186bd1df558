"""Who a container is, what it reads, where it may write: as its image needs it, within Pod Security *restricted*."""

from pathlib import Path
from typing import Any, Final

from blueprint import design
from blueprint.catalogue.mounting import TEMPORARY
from manifests import everything
from tests.support.stacks import catalogue, settings

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
    return next(each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Deployment")


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
    spec = next(each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Deployment")
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
        template = next(each["spec"]["template"] for each in objects if each["kind"] == "Deployment")
        sums.add(next(value for key, value in template["metadata"]["annotations"].items() if "checksum" in key))
    assert len(sums) == 2
