"""Which stores a run beside them copies, as the catalogue and the stack's settings ask for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue.off import OFF
from blueprint.catalogue.storing import Clickhouse, Elasticsearch, Redis, Store, Valkey
from policies.core.facts import Facts
from policies.intent.edges import Owned, intent


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the pods that copy a store of one type need."""

    port: int
    """At which they ask the store."""
    reaches_bucket: bool


RUNS: Final[Mapping[type[Store], Run]] = {
    Clickhouse: Run(port=9440, reaches_bucket=True),
    Elasticsearch: Run(port=9200, reaches_bucket=False),
    Redis: Run(port=6379, reaches_bucket=True),
    Valkey: Run(port=6379, reaches_bucket=True),
}
"""Stores whose operator makes no copies, where one runs them."""


def is_copied(owned: Owned, facts: Facts) -> bool:
    """Whether a store is copied to a bucket of the stack's."""
    settings = facts.settings
    return (
        settings is not None
        and settings.environment in ("staging", "prod")
        and settings.backups.copies is not None
        and owned.store.backup != OFF
    )


def copied_by_runs(facts: Facts) -> Iterator[tuple[Owned, Run]]:
    """The stores that are copied by a run, and what it needs."""
    for owned in intent(facts).stores:
        run, settings = RUNS.get(type(owned.store)), facts.settings
        if run and settings and getattr(settings.data, owned.store.type) == "operator" and is_copied(owned, facts):
            yield owned, run
