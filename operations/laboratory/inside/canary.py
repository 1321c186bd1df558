"""A canary's moments: its first version, one that is promoted through every pause, one taken back by a person, and one
taken back by each of its measurements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from operations.laboratory.inside.moving import Laboratory, Moment, Rollout, State, started

MEASURED_SECONDS: Final = 30.0
"""How long the first measurement may take: 2 s measured."""


def moments(
    laboratory: Laboratory, namespace: str, name: str, *, measurements: Sequence[str], pauses: bool
) -> Iterator[Moment]:
    """Each moment as it comes; the last one is the first that does not.

    `measurements`: AnalysisTemplates to wait for, before a version goes on and after the answers to one are bad. One at
    a time: a bad one hides another that takes everything for good.
    `pauses`: whether a version stops anywhere, so that there is something to take back.
    """
    rollout = Rollout(laboratory, namespace, name)
    canary = _Canary(laboratory, rollout, measured=bool(measurements))
    begun = started(rollout)
    yield begun
    if begun["reached"]:
        promoted = rollout.moment("promotion", canary.promoted)
        yield promoted
        if promoted["reached"] and pauses:
            yield rollout.moment("abort", canary.aborted)
            for measurement in measurements:
                failed = rollout.moment("failure", partial(canary.failed, measurement))
                yield failed
                if not failed["reached"]:
                    return


class _Canary:
    def __init__(self, laboratory: Laboratory, rollout: Rollout, *, measured: bool) -> None:
        self._in = laboratory
        self._rollout = rollout
        self._measured = measured

    def promoted(self, moment: Moment) -> bool:
        """A new version is let through every pause."""
        moment["pauses"] = []
        if not self._rollout.change():
            return False
        seen = set[int]()
        while self._rollout.until(lambda state: _through(state) or (_paused(state) and state["step"] not in seen)):
            state = self._rollout.state()
            if _through(state):
                return True
            seen.add(state["step"])
            if self._measured:
                self._rollout.until(_measured, seconds=MEASURED_SECONDS)
            self._rollout.rest()
            moment["pauses"].append(self._rollout.state())
            self._rollout.promote()
        return False

    def aborted(self, _: Moment) -> bool:
        """A new version is taken back at its first pause."""
        if not self._paused():
            return False
        self._rollout.abort()
        return self._rollout.until(_taken_back)

    def failed(self, measurement: str, moment: Moment) -> bool:
        """A new version measures badly in one way from its first pause on, and nobody does anything."""
        moment["measurement"] = measurement
        if not self._paused():
            return False
        self._in.measurements.turn(self._rollout.namespace, measurement, bad=True)
        try:
            return self._rollout.until(_taken_back)
        finally:
            self._in.measurements.turn(self._rollout.namespace, measurement, bad=False)

    def _paused(self) -> bool:
        return self._rollout.change() and self._rollout.until(_paused)


def _through(state: State) -> bool:
    return bool(state["phase"] == "Healthy" and state["stable"] == state["new"])


def _paused(state: State) -> bool:
    return bool(state["phase"] == "Paused" and state["paused"])


def _taken_back(state: State) -> bool:
    return bool(state["phase"] == "Degraded" and state["aborted"])


def _measured(state: State) -> bool:
    """Whether every measurement of the new version has succeeded once, or its analysis is over."""
    for run in state["analyses"]:
        if run["version"] == state["new"]:
            results = run["measured"].values()
            over = run["phase"] not in ("", "Pending", "Running")
            return over or (bool(results) and all(each["successful"] for each in results))
    return False
