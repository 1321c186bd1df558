"""What may be written and is not made yet: the one table, with what to do meanwhile.

A field nobody reads must not pass without a word. Either a decision reads it, or it has a row here, and every run that
meets it says so. The table shrinks: a test finds a row whose field is read after all, and a field that has neither.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from blueprint.catalogue import Metadata, Spec
from blueprint.catalogue.delivering import Canary
from blueprint.catalogue.needing import Consume, Publish, Subscribe
from blueprint.catalogue.off import OFF
from blueprint.catalogue.offering import HttpOperation, Provide
from blueprint.catalogue.owning import Amqp, Bucket, Kafka, Nats
from blueprint.catalogue.promising import Observability
from blueprint.catalogue.running import LagMetric, RequestMetric
from blueprint.catalogue.storing import (
    Clickhouse,
    Elasticsearch,
    FullBackup,
    Mongodb,
    Mysql,
    Opensearch,
    Postgres,
    Redis,
    Valkey,
)
from blueprint.settings import Brokers, Settings
from blueprint.text import Text

Key = tuple[type[Text], str | None]
"""A model and one of its fields, by its Python name. None: the thing the model describes, whichever of its fields a
decision reads; the rest of its fields wait with it."""


def each(value: Any) -> int:
    """One for every entry of a list, a map or what is said in a model; one for anything else."""
    if isinstance(value, Text):
        return len(value.model_fields_set)
    return len(value) if isinstance(value, tuple | Mapping) else 1


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is not made yet."""

    one: str
    """What one is called, as in "is a store"."""
    many: str
    """What several are called."""
    planned: str
    """The subject that will make it, and the version it is planned for."""
    meanwhile: str
    """What to do until then, as a sentence without a full stop."""
    blocks: bool = False
    """Whether pods that ask for it in a variable wait for ever: for a Secret nobody makes."""
    by_default: bool = False
    """Whether it is promised by who says nothing, too."""
    asks: Callable[[Any], int] = each
    """How many things a value of the field asks for; 0: it asks for nothing that is missing."""


_FULL_DRILL: Final = Row(
    one="restore drill of a store that a CronJob copies",
    many="restore drills of stores that a CronJob copies",
    planned="backups (0.5)",
    meanwhile="Restore a copy by hand from time to time (docs/runbooks/store-not-copied.md); say restoreDrill: never"
    " where nobody needs to know",
    by_default=True,
    asks=lambda often: int(often != "never"),
)
_SNAPSHOT: Final = Row(
    one="last copy of a store",
    many="last copies of stores",
    planned="backups (0.5)",
    meanwhile="The store stays with its disks, as with retain: make a copy by hand, then delete it in the cluster",
    asks=lambda word: int(word == "snapshot"),
)
_COPIES: Final = Row(
    one="word on copies of an OpenSearch",
    many="words on copies of OpenSearches",
    planned="backups (0.5)",
    meanwhile=(
        "Copy the disks of its pods by the storage's own snapshots: what writes to a bucket is not in its image"
        " (docs/decisions/0053-a-cronjob-copies-what-no-operator-copies.md); say backup: none where the data can be"
        " made again"
    ),
    by_default=True,
    asks=lambda backup: int(backup != OFF),
)
_ACCOUNT: Final = Row(
    one="broker account",
    many="broker accounts",
    planned="brokers (0.4)",
    meanwhile="Run the broker yourself: drop the resource, and give the service its address in variables",
    blocks=True,
)
_BUCKET: Final = Row(
    one="bucket",
    many="buckets",
    planned="clouds (0.6)",
    meanwhile="Make the bucket yourself: drop the resource, and give the service its name in variables",
    blocks=True,
)
_METRIC: Final = Row(
    one="scaling metric",
    many="scaling metrics",
    planned="observability (0.5)",
    meanwhile="Scale on cpu or memory; both work. CPU is watched in any case",
)
_PAGES: Final = Row(
    one="note for readers",
    many="notes for readers",
    planned="catalogue pages (0.7)",
    meanwhile="Keep it for whoever reads the file; nothing shows it elsewhere",
)


def _managed(placement: Any) -> int:
    """Whether a placement is the cloud's."""
    return int(placement == "managed")


_MANAGED: Final = Row(
    one="managed placement",
    many="managed placements",
    planned="clouds (0.6)",
    meanwhile="Drop it; network rules are those of a store or broker in the cluster until a cloud is asked",
    asks=_managed,
)

NOT_MADE: Final[Mapping[Key, Row]] = {
    (FullBackup, "restore_drill"): _FULL_DRILL,
    (Postgres, "deletion"): _SNAPSHOT,
    (Mongodb, "deletion"): _SNAPSHOT,
    (Mysql, "deletion"): _SNAPSHOT,
    (Redis, "deletion"): _SNAPSHOT,
    (Valkey, "deletion"): _SNAPSHOT,
    (Clickhouse, "deletion"): _SNAPSHOT,
    (Elasticsearch, "deletion"): _SNAPSHOT,
    (Opensearch, "backup"): _COPIES,
    (Opensearch, "deletion"): _SNAPSHOT,
    (Kafka, None): _ACCOUNT,
    (Nats, None): _ACCOUNT,
    (Amqp, None): _ACCOUNT,
    (Bucket, None): _BUCKET,
    (Spec, "identity"): Row(
        one="cloud identity",
        many="cloud identities",
        planned="clouds (0.6)",
        meanwhile="Reach the cloud through a service outside that holds its rights; a pod has no way to get any",
        asks=lambda identity: int(identity is not None),
    ),
    (Spec, "reads"): Row(
        one="read of another's table",
        many="reads of others' tables",
        planned="stores (0.4)",
        meanwhile="Call the owner's API or subscribe to its channel; its store stays closed to every other service",
    ),
    (Publish, None): Row(
        one="channel",
        many="channels",
        planned="brokers (0.4)",
        meanwhile="Make topic, stream or queue at your broker by hand, with the retention and partitions said here",
    ),
    (Subscribe, None): Row(
        one="subscription",
        many="subscriptions",
        planned="brokers (0.4)",
        meanwhile="Make its group and dead-letter channel at your broker by hand",
    ),
    (LagMetric, None): _METRIC,
    (RequestMetric, None): _METRIC,
    (Spec, "slos"): Row(
        one="objective",
        many="objectives",
        planned="observability (0.5)",
        meanwhile="Keep it; it alerts nobody. Write the alert in your own Prometheus",
    ),
    (Spec, "tests"): Row(
        one="kind of test",
        many="kinds of tests",
        planned="proofs (0.7)",
        meanwhile="Run contracts, load and faults from the service's own pipeline",
    ),
    (Observability, "logs"): Row(
        one="log retention",
        many="log retentions",
        planned="observability (0.5)",
        meanwhile="Set it where your logs are kept",
        asks=lambda logs: int("retention" in logs.model_fields_set),
    ),
    (Observability, "runbook"): Row(
        one="runbook",
        many="runbooks",
        planned="observability (0.5)",
        meanwhile="Keep it for whoever reads the file; no alert links to it",
    ),
    (Brokers, "kafka"): _MANAGED,
    (Brokers, "rabbitmq"): _MANAGED,
    (Settings, "observability"): Row(
        one="retention of telemetry",
        many="retentions of telemetry",
        planned="observability (0.5)",
        meanwhile=(
            "Run your own collector and set retention there; nothing here keeps metrics, traces or logs, nor asks the"
            " alerts in the ConfigMap observability/platform-alerts"
        ),
        by_default=True,
        asks=lambda _: 1,
    ),
    (Provide, "version"): _PAGES,
    (HttpOperation, "idempotency_key"): _PAGES,
    (Metadata, "annotations"): _PAGES,
    (Metadata, "description"): _PAGES,
    (Metadata, "links"): _PAGES,
    (Metadata, "tags"): _PAGES,
    (Spec, "lifecycle"): _PAGES,
}
"""Field → what is missing. In the end it is empty."""

_PROXY: Final = Row(
    one="word for the mesh",
    many="words for the mesh",
    planned="a mesh (mesh.mode: sidecar)",
    meanwhile="Switch the mesh on, or drop it; no proxy times, retries, breaks, splits or keeps requests",
    asks=lambda value: int(value not in (None, OFF)),
)

WITHOUT_A_MESH: Final[Mapping[Key, Row]] = {
    (Consume, "operations"): _PROXY,
    (Consume, "retries"): _PROXY,
    (Consume, "timeout"): _PROXY,
    (Canary, "analysis"): _PROXY,
    (Canary, "header"): _PROXY,
    (Spec, "affinity"): _PROXY,
    (Spec, "resilience"): _PROXY,
}
"""Field → what it says to nobody in a stack whose `mesh.mode` is `none`. With a mesh a decision reads each."""
