"""Disks of the cluster: of a named class, no larger than the environment takes, and there when their pod is gone."""

from collections.abc import Iterator
from dataclasses import dataclass

from policies import quantities
from policies.facts import Facts
from policies.fields import fields
from policies.objects import Object
from policies.rule import MEDIUM, Breach, Selector
from policies.rules.data.group import DATA
from policies.values import View

CLAIMS = ("volumeClaimTemplates", "volumeClaimTemplate")
"""Fields that hold claims: a StatefulSet's, and those of operators' objects."""
GIB = 1 << 30


@dataclass(frozen=True)
class Claim:
    """The spec of one claim."""

    spec: View


def _subjects(thing: Object) -> Iterator[Claim | Object]:
    if thing.sort == "PersistentVolumeClaim":
        yield Claim(thing.spec)
    elif thing.sort in ("StorageClass.storage.k8s.io", "PersistentVolume", "StatefulSet.apps"):
        yield thing
    if not thing.is_kubernetes or thing.sort == "PersistentVolumeClaim":
        return
    for place in fields(thing, *CLAIMS):
        for each in place if isinstance(place.value, list) else (place,):
            yield Claim(each["spec"])


@DATA.resource(
    "data-pvc",
    "A/M/M",
    MEDIUM,
    Selector[Claim | Object](
        _subjects, reads="PersistentVolumeClaims and templates of them, StorageClass, PersistentVolume, StatefulSet"
    ),
    why="A disk of the default class is deleted with its claim, in the clear, and cannot grow when it is full.",
    cure="Name a class that is encrypted, kept and may grow, and ask for no more than policies/config allows",
    where="services/{service}.yaml: resources.<name>.params.size",
    sources=("Gatekeeper storageclass", "Kubescape pv-without-encryption"),
)
def pvc(subject: Claim | Object, facts: Facts) -> Iterator[Breach]:
    if isinstance(subject, Claim):
        yield from _claim(subject.spec, facts)
    elif subject.sort == "StatefulSet.apps":
        when = subject.spec.at("persistentVolumeClaimRetentionPolicy", "whenDeleted")
        if when.is_set and when.word != "Retain":
            yield Breach(when, f"is {when.word or 'empty'}, so its disks go with it")
    elif subject.sort == "PersistentVolume":
        yield from _kept(subject.spec["persistentVolumeReclaimPolicy"], facts, default="Retain")
    else:
        yield from _kept(subject.root["reclaimPolicy"], facts, default="Delete")
        if subject.root["allowVolumeExpansion"].flag is not True:
            yield Breach(subject.root["allowVolumeExpansion"], "is not true, so a full disk stays full")


def _claim(spec: View, facts: Facts) -> Iterator[Breach]:
    if not spec["storageClassName"].word and not spec["volumeName"].is_set:
        yield Breach(spec["storageClassName"], "names no class, so the cluster's default decides")
    asked = spec.at("resources", "requests", "storage")
    size = quantities.parse(asked.quantity)
    if size is None:
        yield Breach(asked, "is no size")
    elif size > facts.limits.cloud.disk_gib * GIB:
        yield Breach(asked, f"is {asked.quantity}, more than {facts.limits.cloud.disk_gib}Gi")


def _kept(policy: View, facts: Facts, *, default: str) -> Iterator[Breach]:
    if facts.environment == "prod" and (policy.word or default) != "Retain":
        yield Breach(policy, f"is {policy.word or f'not set, which is {default}'}, not Retain")
