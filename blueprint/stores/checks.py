"""What must hold between a store and its stack before anything is decided, engine by engine.

What a file can be wrong about by itself is found when the catalogue is read; here the owner's words meet what the
platform offers (versions, extensions, connections) and where the stack runs.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from blueprint.catalogue import Service
from blueprint.settings import Settings
from blueprint.stores import (
    clickhouse_checks,
    elasticsearch_checks,
    mongodb_checks,
    mysql_checks,
    opensearch_checks,
    postgres_checks,
    redis_checks,
)
from blueprint.text import Fault


def faults(service: Service, resource: str, text: Any, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the store `resource` of `service` in this stack; fields are below the resource."""
    if getattr(settings.data, text.type) == "operator" and text.type in CHECKS:
        yield from CHECKS[text.type](service, resource, text, settings)


CHECKS: Final[Mapping[str, Callable[[Service, str, Any, Settings], Iterator[Fault]]]] = {
    "clickhouse": clickhouse_checks.faults,
    "elasticsearch": elasticsearch_checks.faults,
    "mongodb": mongodb_checks.faults,
    "mysql": mysql_checks.faults,
    "opensearch": opensearch_checks.faults,
    "postgres": postgres_checks.faults,
    "redis": redis_checks.faults,
    "valkey": redis_checks.faults,
}
"""Engine → what it is checked for where an operator in the cluster runs it."""
