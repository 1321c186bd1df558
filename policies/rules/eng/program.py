"""What a program says about a resource beside its properties: who makes it, what is compared, what may be deleted.

A manifest has neither options nor provider, so there is nothing to find in it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from policies.cloud.stores import STORES
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, EVERYTHING, HIGH, KUBERNETES, Selector, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.rules.eng.group import ENG
from policies.rules.eng.kinds import PROVIDERS

KUBERNETES_PROVIDER: Final = f"{PROVIDERS}kubernetes"

FLAGS: Final = {
    "deleteUnreachable": "forgets what it cannot reach, and then makes it again",
    "enablePatchForce": "takes fields away from their owners",
    "renderYamlToDirectory": "writes files instead of objects",
    "skipUpdateUnreachable": "lets yesterday's objects be judged when the cluster cannot be reached",
    "upsertExistingObjects": "takes over objects this program did not make",
}
"""Flag of the provider to what it does (pulumi-kubernetes provider.go:660-700, 1172)."""


@ENG.resource(
    "eng-provider-flags",
    "M/M/M",
    CRITICAL,
    sorts(KUBERNETES_PROVIDER),
    why="Each of these flags makes the provider do something other than what was judged.",
    cure="Remove the flag",
    where="components/cluster.py",
    sources=("pulumi-kubernetes provider.go",),
)
def provider_flags(provider: Object, facts: Facts) -> Iterator[Violation]:
    if facts.environment in ("dev", "ephemeral"):
        return
    for flag, does in FLAGS.items():
        written = provider.root[flag]
        # The engine passes a provider's settings as JSON in text.
        on = written.flag if isinstance(written.value, bool) else written.word.strip().casefold() not in _OFF
        if on:
            yield Violation(written, f"is set, so the provider {does}")


_OFF: Final = frozenset({"", "false", "null", '""', "0"})


@ENG.stack(
    "eng-explicit-provider",
    "M/M/M",
    CRITICAL,
    KUBERNETES,
    why="The default provider uses the machine's kubeconfig, which may be that of another cluster.",
    cure="Pass the stack's own provider",
    where="components/",
    sources=("Pulumi: explicit providers",),
)
def explicit_provider(thing: Object, world: World) -> Iterator[Violation]:
    provider = thing.provider
    if provider is None:
        return
    own = world.once(_providers)
    if not provider.name or provider.name == "default" or provider.name.startswith("default_"):
        yield Violation("", "is made by the ambient provider")
    elif own and provider.name not in own:
        yield Violation("", f"is made by the provider {provider.name}, which is not this stack's")


def _providers(world: World) -> frozenset[str]:
    return frozenset(thing.logical for thing in world.of(KUBERNETES_PROVIDER))


OTHERS_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "Deployment.apps": ("spec.replicas",),
    # A disk stays of the class it was made from, and the API server fills in the default.
    "PersistentVolumeClaim": ("spec.storageClassName",),
    "ReplicaSet.apps": ("spec.replicas",),
    "Rollout.argoproj.io": ("spec.replicas",),
    "StatefulSet.apps": ("spec.replicas",),
    # Argo Rollouts writes the hashes of the two versions, and the weights.
    "DestinationRule.networking.istio.io": ("spec.subsets",),
    "VirtualService.networking.istio.io": ("spec.http",),
}
"""What a controller writes: an autoscaler the number, Argo Rollouts where the requests go."""

GUARDED: Final = frozenset(
    {
        *("*", "**", "binaryData", "data", "labels", "policy", "roleRef", "rules", "spec", "stringData", "subjects"),
        *("tags", "tagsAll", "webhooks"),
    }
)
"""First steps of paths the rules judge. A policy under any other name ends in `Policy`."""


@ENG.resource(
    "eng-ignore-changes",
    "M/M/M",
    HIGH,
    EVERYTHING,
    why="An ignored field keeps its old value in the cluster, so the rules judge a value that never gets there.",
    cure="Remove the path from ignore_changes",
    where="manifests/treatments.py",
    sources=("Pulumi: ignoreChanges",),
)
def ignore_changes(thing: Object, _: Facts) -> Iterator[Violation]:
    allowed = OTHERS_OWN.get(thing.sort, ())
    for path in thing.options.ignore_changes if thing.options else ():
        steps = [step for step in _SEPARATORS.split(path) if step]
        if path not in allowed and (_guarded(steps) or (thing.is_kubernetes and _is_judged(path, steps[0]))):
            yield Violation("", f"does not compare {path[:80]}")


_SEPARATORS: Final = re.compile(r"[\[\]\"'.]+")


def _is_judged(path: str, first: str) -> bool:
    # Of a Kubernetes object all but its metadata is, and of that what Istio and Kong go by.
    if first != "metadata":
        return first != "status"
    return path.rstrip("\"']").endswith("annotations") or any(word in path for word in ("istio.io/", "konghq.com/"))


def _guarded(steps: list[str]) -> bool:
    first = steps[0] if steps else "*"
    if first == "metadata":
        return len(steps) == 1 or steps[1] in ("*", "labels")
    return "*" in steps or first in GUARDED or first.casefold().endswith(("policy", "policydocument"))


STATEFUL: Final = sorts(
    *sorted(token for token, store in STORES.items() if store.protected),
    "aws:backup/vault:Vault",
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
    "aws:secretsmanager/secret:Secret",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:secretmanager/secret:Secret",
    "PersistentVolumeClaim",
    "Cluster.postgresql.cnpg.io",
    "ClickHouseInstallation.clickhouse.altinity.com",
    "ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com",
    "Elasticsearch.elasticsearch.k8s.elastic.co",
    "Kafka.kafka.strimzi.io",
    "KafkaNodePool.kafka.strimzi.io",
    "OpenSearchCluster.opensearch.org",
    "PerconaServerMongoDB.psmdb.percona.com",
    "RabbitmqCluster.rabbitmq.com",
    *(f"{kind}.redis.redis.opstreelabs.in" for kind in ("Redis", "RedisCluster", "RedisReplication")),
)
"""What loses data when it is deleted."""


@ENG.resource(
    "eng-protect",
    "–/A/M",
    HIGH,
    STATEFUL,
    why="A rename, a moved line or one wrong `destroy` deletes the data with the resource.",
    cure="Set protect",
    where="components/",
    sources=("Pulumi: protect",),
)
def protect(thing: Object, _: Facts) -> Iterator[Violation]:
    if thing.options is not None and not thing.options.protect and not _may_go(thing):
        yield Violation("", "holds data and is not protected")


def _may_go(thing: Object) -> bool:
    """Whether it is a disk whose owner has written that it goes, which production refuses."""
    said = thing.root.at("metadata", "labels", names.DELETION)
    return thing.sort == "PersistentVolumeClaim" and said.word == "delete"


def _managed(thing: Object) -> tuple[Object, ...]:
    # Providers, components and the stack itself exist only in the program: none can be looked up.
    return (thing,) if thing.type.partition(":")[0] not in ("pulumi", "platform") else ()


@ENG.stack(
    "eng-external-read",
    "A/M/M",
    HIGH,
    Selector[Object](_managed, reads="every resource that is only read"),
    why="No rule has judged a resource that the program only reads, and yet the program depends on it.",
    cure="Import the resource, or pass its name as a setting",
    where="components/",
    sources=("Pulumi: get functions",),
)
def external_read(thing: Object, _: World) -> Iterator[Violation]:
    if thing.read_only:
        yield Violation("", "was not made by this program and is only read")
