"""Disks that pods name: there, and mounted by no more pods at once than can be."""

from collections.abc import Iterator
from typing import Final

from policies.core.rule import HIGH, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.pods import pods
from policies.rules.av.group import AV, DEPLOYMENT, REPLICATED, scalers

SHARED: Final = frozenset({"ReadOnlyMany", "ReadWriteMany"})
"""Access modes in which several nodes mount one disk."""


@AV.stack(
    "av-claims",
    "M/M/M",
    HIGH,
    sorts(*REPLICATED),
    why="A pod whose disk is missing, or held by a pod on another node, never starts: the update stops half-way.",
    cure="Name a claim that is there; let one pod mount a disk (singleton), each its own (per: pod), or share one that"
    " several nodes can mount (accessMode: ReadWriteMany)",
    where="services/{service}.yaml: spec.resources",
)
def claims(thing: Object, world: World) -> Iterator[Violation]:
    for pod in pods(thing):
        for volume in pod.spec["volumes"]:
            named = volume.at("persistentVolumeClaim", "claimName")
            if not named.is_set:
                continue
            claim = world.named("PersistentVolumeClaim", thing.namespace, named.word)
            if claim is None and world.declares(thing.namespace):
                yield Violation(named, f"is {named.word}, and there is no such claim")
            if claim and not SHARED & set(claim.spec["accessModes"].words) and not _one_at_a_time(thing, world):
                yield Violation(named, f"is {named.word}, which one node at a time mounts, and several pods may run")


def _one_at_a_time(thing: Object, world: World) -> bool:
    """Whether no pod of `thing` starts before the one before it has ended."""
    written = thing.spec["replicas"]
    alone = not scalers(thing, world) and (not written.is_set or written.number in (0, 1))
    return alone and thing.sort == DEPLOYMENT and thing.spec["strategy"]["type"].text == "Recreate"
