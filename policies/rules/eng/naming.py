"""Names that are too long, and names that collide: found before anything is made, not by the tenth API call."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from policies.core.rule import EVERYTHING, MEDIUM, Violation
from policies.core.world import World
from policies.objects import Object
from policies.objects.pods import pods
from policies.objects.values import View
from policies.objects.walking import marks
from policies.rules.eng.group import ENG

LABEL: Final = 63
"""Bytes of a DNS label (RFC 1123) and of a label's value."""
SUBDOMAIN: Final = 253
"""Bytes of a DNS name, and of every other name of an object."""

_PLACES: Final = ("metadata.labels", "matchLabels")
_DNS_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")

KINDS: Final[Mapping[str, int]] = {
    "Namespace": LABEL,
    "Service": LABEL,
    "Job.batch": LABEL,
    "CronJob.batch": 52,  # the controller adds eleven characters for each Job
    "StatefulSet.apps": 52,  # and a hash of the revision to a label of each pod
    "KafkaTopic.kafka.strimzi.io": 249,
}
"""Sort to the longest name, where it is less than that of a DNS name."""

DNS_LABELS: Final = frozenset({"Namespace", "Service"})
"""Sorts whose name is a part of DNS names."""

FIELDS: Final[Mapping[str, tuple[tuple[str, int], ...]]] = {
    "KafkaTopic.kafka.strimzi.io": (("spec.topicName", 249),),
    "Cluster.postgresql.cnpg.io": (("spec.bootstrap.initdb.database", 63), ("spec.bootstrap.initdb.owner", 63)),
    "Database.postgresql.cnpg.io": (("spec.name", 63), ("spec.owner", 63)),
    "aws:docdb/cluster:Cluster": (("clusterIdentifier", 63),),
    "aws:eks/cluster:Cluster": (("name", 100),),
    "aws:elasticache/replicationGroup:ReplicationGroup": (("replicationGroupId", 40),),
    "aws:iam/role:Role": (("name", 64),),
    "aws:opensearch/domain:Domain": (("domainName", 28),),
    "aws:rds/cluster:Cluster": (("clusterIdentifier", 63), ("databaseName", 63)),
    "aws:rds/instance:Instance": (("identifier", 63), ("dbName", 63)),
    "aws:s3/bucket:Bucket": (("bucket", 63),),
    "aws:s3/bucketV2:BucketV2": (("bucket", 63),),
    "gcp:container/cluster:Cluster": (("name", 40),),
    "gcp:serviceaccount/account:Account": (("accountId", 30),),
    "gcp:storage/bucket:Bucket": (("name", 63),),
    "kubernetes:helm.sh/v3:Release": (("name", 53),),
    "kubernetes:helm.sh/v4:Chart": (("name", 53),),
}
"""Sort to the fields that become names elsewhere, and how many bytes those may have (reference: policy.md §4 F11)."""

DEFINITION: Final = "CustomResourceDefinition.apiextensions.k8s.io"

PORT: Final = 15
"""Characters of the name of a container's port (IANA service name)."""


@ENG.stack(
    "eng-names",
    "M/M/M",
    MEDIUM,
    EVERYTHING,
    why="A name that is too long is refused half-way through an update; two that are one overwrite each other.",
    cure="Shorten the name in the catalogue, or derive it with names.fit",
    where="services/{service}.yaml: metadata.name; blueprint/names.py",
    sources=("Kubernetes: object names", "RFC 1123"),
)
def names(thing: Object, world: World) -> Iterator[Violation]:
    for path, most in FIELDS.get(thing.sort, ()):
        yield from _too_long(thing.root.at(*path.split(".")), most)
    if not thing.is_kubernetes:
        return
    name = thing.root.at("metadata", "name")
    yield from _too_long(name, KINDS.get(thing.sort, SUBDOMAIN))
    if thing.sort in DNS_LABELS and name.word and not _DNS_LABEL.fullmatch(name.word):
        yield Violation(name, "is no DNS label: lower-case letters, digits and dashes between them")
    if id(thing) in world.once(_second):
        yield Violation(name, "is declared twice")
    yield from _labels(thing)
    yield from _ports(thing)


def _too_long(view: View, most: int) -> Iterator[Violation]:
    if view.is_known and len(view.word.encode()) > most:
        yield Violation(view, f"has {len(view.word.encode())} characters, {most} at most")


def _second(world: World) -> frozenset[int]:
    """Every object whose kind, namespace and name another one before it has."""
    seen: set[tuple[str, str, str]] = set()
    found: set[int] = set()
    for thing in world.objects:
        key = (thing.sort, thing.namespace, thing.name)
        metadata = thing.props.get("metadata")
        if not thing.is_kubernetes or not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
            continue
        if key in seen:
            found.add(id(thing))
        seen.add(key)
    return frozenset(found)


def _labels(thing: Object) -> Iterator[Violation]:
    # A definition speaks of labels; it has none of its own but in its metadata.
    meant = (thing.labels.path,) if thing.sort == DEFINITION else _PLACES
    for labels in marks(thing):
        if labels.key == "annotations" or not labels.path.endswith(meant):
            continue
        for written, value in labels.value.items():
            prefix, _, name = (key := str(written)).rpartition("/")
            if len(name) > LABEL or len(prefix) > SUBDOMAIN:
                yield Violation(labels, f"has a key of {len(key)} characters")
            if isinstance(value, str) and len(value.encode()) > LABEL:
                yield from _too_long(labels.below(key, value), LABEL)


def _ports(thing: Object) -> Iterator[Violation]:
    for pod in pods(thing):
        for container in pod.containers:
            yield from _too_long(container.view["name"], LABEL)
            for port in container.view["ports"]:
                yield from _too_long(port["name"], PORT)
    if thing.sort == "Service":
        for port in thing.spec["ports"]:
            yield from _too_long(port["name"], LABEL)
            if isinstance(port["targetPort"].value, str):
                yield from _too_long(port["targetPort"], PORT)
