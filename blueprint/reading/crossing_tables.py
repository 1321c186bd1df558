"""Checks on tables: each has one owner, and whoever else reads one has asked for it, for a while."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Store
from blueprint.reading.problems import Problem, valid
from blueprint.reading.view import View

POLICY: Final = "data-foreign-read"
"""The rule an exception is from (`policies.rules.data.reading`)."""


def owners(view: View) -> Iterator[Problem]:
    """One table, one owner."""
    first: dict[str, tuple[str, str, int]] = {}
    for name, service in sorted(view.services.items()):
        for resource, store in sorted(service.spec.resources.items()):
            for index, table in enumerate(store.owns if isinstance(store, Store) else ()):
                if table in first:
                    owner, of, at = first[table]
                    cause = f"'{table}' is already owned at {view.where(owner, 'resources', of, 'owns', at)}"
                    elsewhere = f"Ask {owner} through its API or its events, or name your own table otherwise"
                    cure = elsewhere if owner != name else "Keep it in one of the two, or name one otherwise"
                    yield view.problem(name, ("resources", resource, "owns", index), cause, cure)
                first.setdefault(table, (name, resource, index))


def reads(view: View) -> Iterator[Problem]:
    """A table of another service is read only where an exception names it; else its owner's API or channel is named."""
    for name, service in sorted(view.services.items()):
        for index, table in enumerate(service.spec.reads):
            owner = table.partition("/")[0]
            if owner in view.unread or (owner != name and _excepted(service, table) and _is_there(view, table)):
                continue
            yield view.problem(name, ("reads", index), *_refused(view, service, table))


def _excepted(service: Service, table: str) -> bool:
    """Whether exactly this table is asked for. One that has expired is refused by itself (`crossing_places`)."""
    return any((each.policy, each.object) == (POLICY, f"Table {table}") for each in service.spec.exceptions)


def _is_there(view: View, table: str) -> bool:
    owner, _, wanted = table.partition("/")
    return owner in view.services and wanted in _tables(view.services[owner])


def _tables(service: Service) -> list[str]:
    stores = (each for each in service.spec.resources.values() if isinstance(each, Store))
    return sorted(table for store in stores for table in store.owns)


def _refused(view: View, service: Service, table: str) -> tuple[str, str]:
    """Why `service` may not read `table`, and what it may do."""
    owner, _, wanted = table.partition("/")
    if owner not in view.services:
        return f"reads a table of '{owner}', which no file describes", valid(owner, view.others(service.name))
    if owner == service.name:
        return f"reads its own '{wanted}'", "Drop it; a service needs no permission to read what it owns"
    tables = _tables(view.services[owner])
    if wanted not in tables:
        return f"'{owner}' owns no table '{wanted}'", valid(wanted, tables, f"{owner} owns")
    cause = (
        f"reads '{wanted}', which belongs to {owner} alone: its next change breaks this service, and nobody sees why"
    )
    asked = f"For a while only, ask with an exception (policy: {POLICY}, object: Table {table}, reason, owner, expires)"
    return cause, f"{_instead(view.services[owner])}. {asked}"


def _instead(owner: Service) -> str:
    """What the owner offers for others."""
    spec, ways = owner.spec, []
    if apis := [f"{owner.name}/{provide.api}" for provide in spec.provides]:
        ways.append(f"call {' or '.join(apis)} (consumes)")
    if channels := [publish.channel for publish in spec.events.publishes]:
        ways.append(f"subscribe to {' or '.join(channels)} (events.subscribes) and keep a copy of what you need")
    said = (
        ", or ".join(ways) or f"ask {spec.owner} for an API or a channel with what you need; {owner.name} has none yet"
    )
    return said[0].upper() + said[1:]
