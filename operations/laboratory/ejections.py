"""The scene of a pod that fails: after as many errors in a row as declared its callers leave it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from blueprint.quantities import seconds
from operations.laboratory.copies import Copied
from operations.laboratory.members import Member, Members
from operations.laboratory.questions import Answer, Question
from operations.laboratory.scenes import Scene, endpoints_of, first_asks
from operations.laboratory.wire import Wire
from policies.core.facts import Facts

EJECTION: Final = "pods that fail"
_PER_ERROR: Final = 8
_BESIDE: Final = 40
"""Requests for each error that is waited for, and beside them: at two pods every second request goes to the one that
fails."""
_MOST_ERRORS: Final = 20
_LEAST_SECONDS: Final = 30.0
"""For how long a pod must be left alone to be asked no more while a busy machine asks the rest."""
_SHARE_PERCENT: Final = 50
"""One of two pods."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ejected(Question):
    """One of two pods fails, and is left alone."""

    second: Member
    errors: int

    def wrong(self, answer: Answer) -> str:
        found = answer["tries"].count(self.second.name)
        if found == self.errors:
            return ""
        return (
            f"fails at one of two pods, which is asked {found} times of {len(answer['tries'])}; declared: {self.errors}"
        )


def scene(members: Members, facts: Facts, copied: Copied, wire: Wire, *, made: bool) -> Iterator[Scene]:
    """The scene; none where no member has a second pod to which this can happen. `made`: the second pods are behind
    their Services already, and what a scene before wrote is taken back."""
    for name, second in sorted(members.seconds.items()):
        service = facts.service[name]
        outliers = service.spec.resilience.outlier_detection
        errors = outliers.consecutive5xx_errors
        fields = next(first_asks(members.services[name], members, wire), None)
        if fields and errors <= _MOST_ERRORS and outliers.max_ejection_percent >= _SHARE_PERCENT:
            if service.spec.affinity or seconds(outliers.base_ejection_time) < _LEAST_SECONDS:
                continue
            number = f"ejection/{name}"
            behaviour = {"id": number, "status": 500, "at": second.name}
            times = errors * _PER_ERROR + _BESIDE
            question = Ejected(about=EJECTION, second=second, errors=errors, times=times, behaviour=behaviour, **fields)
            yield Scene(
                created=() if made else list(endpoints_of(second, _shared(name, copied), copied)),
                replaced=[each for each in copied.of("DestinationRule", "VirtualService") if made],
                questions=[question],
            )
            return


def _shared(name: str, copied: Copied) -> str:
    """The Service whose pods share the requests: the active version's where there is one."""
    for each in copied.of("DestinationRule"):
        if each["metadata"]["namespace"] == name and each["metadata"]["name"] == name:
            return str(each["spec"]["host"]).partition(".")[0]
    return name
