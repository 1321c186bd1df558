"""A volume is one claim that its pods mount; it grows in place, and outlives what asked for it where that is said."""

from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import Blueprint, design, names
from blueprint.reading import TextError
from blueprint.settings import Disks
from manifests import everything
from manifests.treatments import follows, replaces, restarts, treatment
from operations.judging import stack_objects
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.program_run import lead, project, run, written_settings
from tests.support.program_variants import objects as registered
from tests.support.stacks import TODAY, catalogue, settings

DISK: Final = "  resources: {plates: {type: volume, params: {size: 10Gi, path: /srv/plates}}}\n"
GOES: Final = DISK + "  environments: {staging: {resources: {plates: {deletion: delete}}}}\n"
ALONE: Final = "  singleton: it alone holds the plates\n"
FILLED: Final = """\
  initContainers:
    fill:
      image: example.com/fill:1.0.0
      resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}
"""
CLASSES: Final = Disks(storage_class="encrypted", shared_storage_class="files")


def decided(folder: Path, said: str, stack: str = "prod", disks: Disks = CLASSES, **more: Any) -> Blueprint:
    return design(settings(stack, disks=disks, **more), catalogue(folder, printer=said), stack)


def made(folder: Path, said: str, kind: str, **how: Any) -> list[Any]:
    """The objects of `kind` of the service."""
    found = [each for each in everything(decided(folder, said, **how)) if each["kind"] == kind]
    return [each for each in found if "printer" in (each["metadata"].get("namespace"), each["metadata"]["name"])]


def pod(folder: Path, said: str, kind: str = "Deployment") -> Any:
    (workload,) = made(folder, said, kind)
    spec = workload["spec"].get("jobTemplate", workload)["spec"]
    return spec["template"]["spec"]


def mounted(container: Any) -> list[str]:
    return [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "disk-plates"]


def test_a_volume_is_one_claim_of_the_stacks_class_under_a_name_that_stays(tmp_path: Path) -> None:
    (claim,) = made(tmp_path, ALONE + DISK, "PersistentVolumeClaim")
    assert (claim["metadata"]["namespace"], claim["metadata"]["name"]) == ("printer", "printer-plates")
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}},
        "storageClassName": "encrypted",
        "volumeMode": "Filesystem",
    }


def test_without_a_class_the_clusters_default_decides(tmp_path: Path) -> None:
    (claim,) = made(tmp_path, ALONE + DISK, "PersistentVolumeClaim", stack="dev", disks=Disks())
    assert "storageClassName" not in claim["spec"]


def test_every_container_mounts_it_and_its_group_may_write(tmp_path: Path) -> None:
    spec = pod(tmp_path, ALONE + DISK + FILLED + "  group: 20002\n")
    assert [mounted(each) for each in (*spec["containers"], *spec["initContainers"])] == [["/srv/plates"]] * 2
    assert {"name": "disk-plates", "persistentVolumeClaim": {"claimName": "printer-plates"}} in spec["volumes"]
    said = spec["securityContext"]
    assert (said["fsGroup"], said["fsGroupChangePolicy"]) == (20002, "OnRootMismatch")


def test_only_the_containers_that_are_named_mount_it(tmp_path: Path) -> None:
    spec = pod(tmp_path, ALONE + FILLED + DISK.replace("path:", "containers: [fill], path:"))
    assert [mounted(each) for each in (*spec["containers"], *spec["initContainers"])] == [[], ["/srv/plates"]]


def test_a_cronjob_mounts_its_disk_run_after_run(tmp_path: Path) -> None:
    spec = pod(tmp_path, '  schedule: "0 3 * * *"\n' + DISK, "CronJob")
    assert mounted(spec["containers"][0]) == ["/srv/plates"]


def test_pods_that_share_a_disk_mount_another_one_of_the_shared_class(tmp_path: Path) -> None:
    shared = DISK.replace("path:", "accessMode: ReadWriteMany, path:")
    (claim,) = made(tmp_path, shared, "PersistentVolumeClaim")
    assert (claim["spec"]["accessModes"], claim["spec"]["storageClassName"]) == (["ReadWriteMany"], "files")
    assert claim["metadata"]["name"] == "printer-plates.shared", "an access mode is immutable: it would be replaced"
    (workload,) = made(tmp_path, shared, "Deployment")
    assert workload["spec"]["replicas"] == 3


def test_a_shared_disk_is_refused_where_the_stack_has_no_class_for_it(tmp_path: Path) -> None:
    shared = DISK.replace("path:", "accessMode: ReadWriteMany, path:")
    with pytest.raises(TextError, match=r"printer\.yaml:\d+: spec\.resources\.plates\.params\.accessMode: .*no class"):
        decided(tmp_path, shared, disks=Disks(storage_class="encrypted"))


EACH: Final = DISK.replace("path:", "per: pod, path:")
SCALED: Final = "  scaling: {minReplicas: 3, maxReplicas: 5}\n"


def test_a_disk_for_each_pod_is_a_stateful_set_that_finds_its_claims(tmp_path: Path) -> None:
    (workload,) = made(tmp_path, SCALED + EACH, "StatefulSet")
    (template,) = workload["spec"]["volumeClaimTemplates"]
    name, pods = template["metadata"]["name"], workload["metadata"]["name"]
    claims = {each["metadata"]["name"] for each in made(tmp_path, SCALED + EACH, "PersistentVolumeClaim")}
    assert claims == {f"{name}-{pods}-{number}" for number in range(5)}, "Kubernetes would make others beside them"
    spec = workload["spec"]["template"]["spec"]
    assert mounted(spec["containers"][0]) == ["/srv/plates"]
    assert name not in [volume["name"] for volume in spec["volumes"]], "the claim of one pod would be all pods'"
    assert made(tmp_path, SCALED + EACH, "Deployment") == []


def test_a_stateful_set_is_scaled_kept_up_and_named_as_kubernetes_asks(tmp_path: Path) -> None:
    (workload,) = made(tmp_path, SCALED + EACH, "StatefulSet")
    (scaler,) = made(tmp_path, SCALED + EACH, "HorizontalPodAutoscaler")
    (budget,) = made(tmp_path, SCALED + EACH, "PodDisruptionBudget")
    (headless,) = [each for each in made(tmp_path, SCALED + EACH, "Service") if each["spec"].get("clusterIP") == "None"]
    target = scaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (workload["kind"], workload["metadata"]["name"])
    assert "replicas" not in workload["spec"], "the autoscaler and the engine would take turns"
    assert budget["spec"]["selector"] == workload["spec"]["selector"]
    assert headless["metadata"]["name"] == workload["spec"]["serviceName"]
    assert headless["spec"]["selector"] == workload["spec"]["selector"]["matchLabels"]


def test_the_disks_of_pods_grow_in_place_and_another_disk_replaces_the_set_alone(tmp_path: Path) -> None:
    grown = EACH.replace("10Gi", "20Gi")
    more = EACH.replace("}}}", "}}, other: {type: volume, params: {size: 1Gi, path: /srv/other, per: pod}}}")
    ((old,), (new,), (other,)) = (
        made(tmp_path / name, said, "StatefulSet") for name, said in (("old", EACH), ("new", grown), ("more", more))
    )
    assert old == new, "a template is immutable: the set would be replaced, and every pod ended"
    assert replaces(old, other) == ("spec.volumeClaimTemplates",)
    sizes = [each["spec"]["resources"] for each in made(tmp_path / "new", grown, "PersistentVolumeClaim")]
    assert sizes == [{"requests": {"storage": "20Gi"}}] * 3


def test_the_pods_of_a_stateful_set_start_anew_with_another_secret(tmp_path: Path) -> None:
    said = EACH.rstrip("}\n") + "}}, key: {type: secret, params: {keys: [KEY], rotation: 30d}}}\n"
    asks = "      variables: {KEY: '${resources.key.KEY}'}\n"
    (workload,) = made(tmp_path, asks + said, "StatefulSet")
    (rights,) = [each for each in made(tmp_path, asks + said, "Role") if each["metadata"]["name"] == names.RESTARTS]
    assert "printer-key" in workload["metadata"]["annotations"].values()
    patched = {kind for rule in rights["rules"] if "patch" in rule["verbs"] for kind in rule["resources"]}
    assert "statefulsets" in patched, "the controller sees the change and may not act"


def test_no_controller_deletes_the_disk_of_a_pod(tmp_path: Path) -> None:
    (workload,) = made(tmp_path, GOES.replace("path:", "per: pod, path:"), "StatefulSet", stack="staging")
    assert set(workload["spec"]["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}


def quota(folder: Path, said: str) -> dict[str, str]:
    (found,) = made(folder, said, "ResourceQuota", stack="staging")
    hard = found["spec"]["hard"]
    return {name: hard[name] for name in ("persistentvolumeclaims", "requests.storage") if name in hard}


def test_the_quota_holds_the_disks_and_what_one_under_an_earlier_name_has_left(tmp_path: Path) -> None:
    assert quota(tmp_path / "retain", ALONE + DISK) == {"persistentvolumeclaims": "2", "requests.storage": "20Gi"}
    assert quota(tmp_path / "delete", ALONE + GOES) == {"persistentvolumeclaims": "1", "requests.storage": "10Gi"}
    assert quota(tmp_path / "each", SCALED + EACH) == {"persistentvolumeclaims": "5", "requests.storage": "50Gi"}
    assert quota(tmp_path / "none", ALONE) == {"persistentvolumeclaims": "0"}


def kept(folder: Path, said: str, **how: Any) -> dict[str, str | None]:
    """What each object of the service that is about its disk says is left of it."""
    found = [*made(folder, said, "Namespace", **how), *made(folder, said, "PersistentVolumeClaim", **how)]
    return {each["kind"]: each["metadata"]["labels"].get(names.DELETION) for each in found}


def test_a_disk_is_retained_with_its_namespace(tmp_path: Path) -> None:
    assert kept(tmp_path, ALONE + DISK) == {"Namespace": "retain", "PersistentVolumeClaim": "retain"}


def test_a_disk_that_goes_takes_nothing_along(tmp_path: Path) -> None:
    assert kept(tmp_path, ALONE + GOES, stack="staging") == {"Namespace": None, "PersistentVolumeClaim": "delete"}


@pytest.mark.parametrize("how", [{"environment": "ephemeral"}, {"stack": "dev"}], ids=["ephemeral", "simulated"])
def test_nothing_is_retained_where_nothing_is_lost(tmp_path: Path, how: dict[str, Any]) -> None:
    assert kept(tmp_path, ALONE + DISK, **how) == {"Namespace": None, "PersistentVolumeClaim": None}


def test_a_disk_grows_in_place_and_its_pods_stay(tmp_path: Path) -> None:
    grown = ALONE + DISK.replace("10Gi", "20Gi")
    for kind in ("PersistentVolumeClaim", "Deployment"):
        ((old,), (new,)) = made(tmp_path / "old", ALONE + DISK, kind), made(tmp_path / "new", grown, kind)
        assert (replaces(old, new), restarts(old, new)) == ((), ()), kind
    assert old == new, "the workload hears of the size"


def test_the_setting_of_a_class_is_for_the_next_disk(tmp_path: Path) -> None:
    """A claim of another class would be another claim, and the data gone."""
    (claim,) = made(tmp_path, ALONE + DISK, "PersistentVolumeClaim")
    assert treatment(claim).others_own == ("spec.storageClassName",)


def test_a_claim_is_there_before_its_pods_and_after_the_quota_that_lets_it_in(tmp_path: Path) -> None:
    (claim,) = made(tmp_path, ALONE + DISK, "PersistentVolumeClaim")
    (bound,) = made(tmp_path, ALONE + DISK, "ResourceQuota")
    (workload,) = made(tmp_path, ALONE + DISK, "Deployment")
    assert follows(treatment(workload), claim, beside=True)
    assert follows(treatment(claim), bound, beside=True)
    order = [each["kind"] for each in everything(decided(tmp_path, ALONE + DISK))]
    assert order.index("PersistentVolumeClaim") < max(at for at, kind in enumerate(order) if kind == "Deployment")


def found(folder: Path, **services: str) -> list[tuple[str, str]]:
    """What the policies say in production: rule and object."""
    asked, text = settings("prod", disks=CLASSES), catalogue(folder, **services)
    facts = Facts.of_stack(asked, text, limits=limits_of("prod"), today=TODAY)
    report = Judge(facts, RULES).everything(stack_objects(design(asked, text, "prod")))
    return sorted((each.rule.id, each.found) for each in report.findings)


def test_a_disk_adds_nothing_to_what_the_policies_say(tmp_path: Path) -> None:
    shared = DISK.replace("path:", "accessMode: ReadWriteMany, path:")
    with_disks = found(tmp_path / "with", printer=ALONE + DISK, press=shared, plates=EACH)
    assert with_disks == found(tmp_path / "without", printer=ALONE, press="", plates="")


@pytest.mark.xdist_group("program")
def test_the_engine_retains_disk_and_namespace_and_destroys_all_else_in_it_by_itself(tmp_path: Path) -> None:
    services, text = tmp_path / "services", {**written_settings("staging"), "layers": ["services"]}
    catalogue(services, printer=ALONE + DISK, press=ALONE + GOES)
    for file in services.iterdir():
        file.write_text(file.read_text().replace(":1.0.0", f":1.0.0@sha256:{'0' * 64}"))
    with project(services) as folder:
        lead(folder, text)
        done = run(folder, "staging", text)
    assert done.exit_code == 0, f"{done.reported} {done.refused} {done.printed}"
    sent = [(each.inputs["metadata"], each.inputs["kind"], each.request) for each in registered(done)]
    stays = {(kind, metadata["name"]) for metadata, kind, request in sent if request.retainOnDelete}
    assert stays == {("Namespace", "printer"), ("PersistentVolumeClaim", "printer-plates")}
    assert {metadata["name"] for metadata, _, request in sent if request.protect} == {"printer-plates"}
    alone = {(metadata.get("namespace"), kind) for metadata, kind, request in sent if not request.deletedWith}
    assert ("printer", "Deployment") in alone, "it would stay with the namespace, and its pods would run on"
    assert not [each for each in alone if each[0] == "press"], "what has nothing to keep goes with its namespace"
    assert ("printer", "PersistentVolumeClaim") not in alone
