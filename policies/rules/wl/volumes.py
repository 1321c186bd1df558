"""Volumes: from which sources, and one source each."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, PODS, Violation, sorts
from policies.objects import Object
from policies.objects.pods import Pod
from policies.objects.values import UndeterminedError
from policies.rules.wl.group import PLATFORM, WL_PLUS

STORAGE: Final = sorts("PersistentVolume", "StorageClass.storage.k8s.io")

ON_THE_NODE: Final = ("hostPath", "local")
"""Sources of a PersistentVolume that are the node's own disk."""
LOCAL_PLATFORMS: Final = frozenset({"k3d", "k3s", "microk8s", "minikube"})
"""Kinds of cluster that are one machine, a developer's."""


@WL_PLUS.resource(
    "wl-single-volume-source",
    "M/M/M",
    HIGH,
    PODS,
    why="Pod Security stops at the first source it allows, so a second one beside it goes unchecked.",
    cure="Give each volume one source, and split those with two",
    where=PLATFORM,
    sources=("PSS restrictedVolumes",),
)
def single_volume_source(pod: Pod, _: Facts) -> Iterator[Violation]:
    unsure = None
    for volume in pod.spec["volumes"]:
        sources = sorted(set(volume.keys) - {"name"})
        if not sources:
            yield Violation(volume, "has no source, and becomes an emptyDir without a limit")
        elif len(sources) > 1:
            yield Violation(volume, f"has {len(sources)} sources: {', '.join(sources)}")
        elif not volume[sources[0]].is_known:  # null would be none
            unsure = volume[sources[0]]
    if unsure:
        raise UndeterminedError(unsure.path)


@WL_PLUS.resource(
    "wl-csi-inline",
    "A/M/M",
    HIGH,
    PODS,
    why="An inline volume runs a driver of the node with parameters the pod's author chose.",
    cure="Use a persistentVolumeClaim",
    where=PLATFORM,
    sources=("PSS allows every CSI driver",),
)
def csi_inline(pod: Pod, facts: Facts) -> Iterator[Violation]:
    for volume in pod.spec["volumes"]:
        driver = volume.at("csi", "driver")
        if volume["csi"].is_set and driver.word not in facts.limits.workloads.csi_drivers:
            yield Violation(driver, f"is {driver.word or 'not set'}, which is not on the list")


@WL_PLUS.resource(
    "wl-pv-no-hostpath",
    "M/M/M",
    CRITICAL,
    STORAGE,
    why="A volume of the node's disk gets past the rule about hostPath by one claim, and is gone with the node.",
    cure="Use a StorageClass of a CSI driver on the list policies/config/<environment>.json: workloads.provisioners",
    where="the program: components/, or the chart that brings it",
    sources=("Kyverno limit-hostpath-type-pv",),
)
def pv_no_hostpath(thing: Object, facts: Facts) -> Iterator[Violation]:
    provisioner = thing.root["provisioner"]
    if thing.kind == "StorageClass" and provisioner.word not in facts.limits.workloads.provisioners:
        yield Violation(provisioner, f"is {provisioner.word or 'not set'}, which is not on the list")
    driver = thing.spec.at("csi", "driver")
    if thing.spec["csi"].is_set and driver.word not in facts.limits.workloads.provisioners:
        yield Violation(driver, f"is {driver.word or 'not set'}, which is not on the list")
    if not _on_one_machine(facts):
        for source in ON_THE_NODE:
            if thing.spec[source].is_set:
                yield Violation(thing.spec[source], "is the node's own disk")


def _on_one_machine(facts: Facts) -> bool:
    """Whether this is a developer's cluster, whose node is his own machine."""
    if facts.settings is None or facts.environment not in ("dev", "ephemeral"):
        return False
    cluster = facts.settings.cluster
    return cluster.kind == "embedded" or cluster.platform in LOCAL_PLATFORMS
