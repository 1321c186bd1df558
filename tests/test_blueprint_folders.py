"""Who a container is, and where it may write: as the image needs it, within Pod Security *restricted*."""

from pathlib import Path
from typing import Any, Final

from blueprint import design
from blueprint.catalogue.folders import TEMPORARY
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
