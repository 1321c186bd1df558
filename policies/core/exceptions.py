"""Exceptions: which object may break which rule, until when, and whether the exception itself is valid.

Two places, one meaning: `exceptions` in a service's file (for the objects of that service) and `exceptions` in
`policies/config/<environment>.json` (for one object). Both match exactly, have an owner, a reason and a last day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from policies.core.facts import Facts
from policies.core.limits import file_of
from policies.objects import Object

LONGEST: Final = 90
"""Days an exception may last from today: a quarter, so that each is read again four times a year."""

STACK: Final = "the stack"
"""What messages call a finding about no object, and so how an exception names it."""

NEVER: Final = frozenset({"eng-rule-crash", "eng-exemptions"})
"""Rules that allow no exceptions: they are what makes the others mean something."""


@dataclass(frozen=True, kw_only=True)
class WrittenException:
    """One exception, wherever it was written."""

    rule: str
    service: str | None
    """All objects of this service; None: the one named `object`."""
    object: str | None
    """`Kind namespace/name`, `Kind name`, URN or `the stack`; with a service it may be None."""
    owner: str
    reason: str
    expires: date
    written: str
    """Where: `services/order-service.yaml: exceptions.0`."""

    def covers(self, rule: str, thing: Object | None, service: str) -> bool:
        """Whether a finding of `rule` about `thing`, which belongs to `service`, is allowed."""
        if rule != self.rule or (self.service is not None and self.service != service):
            return False
        if thing is None:
            # Nothing about the stack as a whole belongs to a service: only its own limits may excuse it.
            return self.object == STACK
        return self.object is None or self.object in (thing.title, thing.urn)


def asked_for(facts: Facts) -> tuple[WrittenException, ...]:
    """Every exception that was asked for, valid or not."""
    return (*_of_catalogue(facts), *_of_limits(facts))


def _of_catalogue(facts: Facts) -> Iterator[WrittenException]:
    for service in facts.services or ():
        for index, asked in enumerate(service.spec.exceptions):
            yield WrittenException(
                rule=asked.policy,
                service=service.metadata.name,
                object=asked.object,
                owner=asked.owner,
                reason=asked.reason,
                expires=asked.expires,
                written=f"{_file(service.metadata.name, facts)}: exceptions.{index}",
            )


def _file(service: str, facts: Facts) -> str:
    entry = facts.entries.get(service)
    return entry.source.file if entry else f"services/{service}.yaml"


def _of_limits(facts: Facts) -> Iterator[WrittenException]:
    for index, asked in enumerate(facts.limits.exceptions):
        yield WrittenException(
            rule=asked.rule,
            service=None,
            object=asked.object,
            owner=asked.owner,
            reason=asked.reason,
            expires=asked.expires,
            written=f"policies/config/{file_of(facts.environment)}: exceptions.{index}",
        )


def wrong(exception: WrittenException, today: date, known: Mapping[str, object]) -> str | None:
    """Why `exception` holds for nothing, or None."""
    if exception.rule not in known:
        return f"names '{exception.rule}', and there is no such rule"
    if exception.rule in NEVER:
        return f"names {exception.rule}, and that rule allows no exceptions"
    if exception.expires < today:
        return f"expired on {exception.expires}"
    if (exception.expires - today).days > LONGEST:
        return f"lasts until {exception.expires}, more than {LONGEST} days ahead"
    return None
