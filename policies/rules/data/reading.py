"""Tables are read by who owns them. An exception from this rule names one table, for a while."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import API_VERSION
from policies.core.rule import HIGH, STACK, Violation
from policies.core.world import World
from policies.objects import Object
from policies.rules.data.group import DATA

KIND: Final = "Table"
"""What a table is called in findings and exceptions: `Table user-service/users`. No such object is ever made."""


@DATA.stack(
    "data-foreign-read",
    "M/M/M",
    HIGH,
    STACK,
    why="Whoever reads another service's table breaks with its next change, and no edge of the catalogue shows why.",
    cure="Call the owner's API, or subscribe to its channel and keep a copy; for a while, except the table by its name",
    where="services/{service}.yaml: spec.reads",
    sources=("a database per service",),
)
def foreign_read(_: None, world: World) -> Iterator[Violation]:
    for service in world.facts.services or ():
        for table in service.spec.reads:
            yield Violation("", f"is read by {service.name}", on=_table(table), service=service.name)


def _table(named: str) -> Object:
    """The table as something a finding can be about."""
    props = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": named}}
    return Object(type=f"kubernetes:{API_VERSION}:{KIND}", props=props)
