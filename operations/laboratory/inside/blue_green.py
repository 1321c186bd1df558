"""A blue-green's moments: its first version, one beside it that waits, its promotion, and one that is taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from operations.laboratory.inside.moving import Laboratory, Moment, Rollout, State, started

LATE_SECONDS: Final = 30.0
"""How much later than declared the old version's pods may end before nobody waits for it any more: 1 s measured."""


def moments(
    laboratory: Laboratory, namespace: str, name: str, *, active: str, preview: str, delay_seconds: float | None
) -> Iterator[Moment]:
    """Each moment as it comes; the last one is the first that does not.

    `active` and `preview` name the two Services. `delay_seconds`: how long pods of the old version may stay after the
    promotion; None: too long to wait for their end.
    """
    rollout = Rollout(laboratory, namespace, name)
    green = _BlueGreen(laboratory, rollout, active=active, preview=preview, delay_seconds=delay_seconds)
    begun = started(rollout)
    yield begun
    if not begun["reached"]:
        return
    waiting = rollout.moment("preview", green.waits)
    yield waiting
    if not waiting["reached"]:
        return
    promoted = rollout.moment("promotion", green.promoted)
    yield promoted
    if promoted["reached"] and not waiting["took_over"]:
        yield rollout.moment("abort", green.aborted)


class _BlueGreen:
    def __init__(
        self, laboratory: Laboratory, rollout: Rollout, *, active: str, preview: str, delay_seconds: float | None
    ) -> None:
        self._in = laboratory
        self._rollout = rollout
        self._active, self._preview = active, preview
        self._delay_seconds = delay_seconds

    def waits(self, moment: Moment) -> bool:
        """A new version comes up beside the old one; then nobody does anything for a while."""
        moment["took_over"] = False
        moment["before"] = self._rollout.state()["stable"]
        if not self._previewed():
            return False
        moment["took_over"] = self._rollout.until(self._leads, seconds=self._in.watch_seconds)
        return True

    def promoted(self, moment: Moment) -> bool:
        """It takes the requests, and the old version's pods end some time later."""
        before = self._rollout.state()
        if not self._leads(before):
            self._rollout.promote()
        if not self._rollout.until(self._leads):
            return False
        moment["led_at"], led = time.time(), time.monotonic()
        if not self._rollout.until(lambda state: bool(self._leads(state) and state["phase"] == "Healthy")):
            return False
        moment["versions"] = self._rollout.state()["versions"]
        if self._delay_seconds is not None:
            self._rollout.until(_alone, seconds=self._delay_seconds + LATE_SECONDS)
            moment["alone_seconds"] = round(time.monotonic() - led, 1)
        return True

    def aborted(self, _: Moment) -> bool:
        """A new version is taken back before anybody has promoted it."""
        if not self._previewed():
            return False
        self._rollout.abort()
        return self._rollout.until(lambda state: bool(state["phase"] == "Degraded" and state["aborted"]))

    def _previewed(self) -> bool:
        return self._rollout.change() and self._rollout.until(self._shown)

    def _shown(self, state: State) -> bool:
        """Whether the new version is up and waits, or has not waited."""
        up = state["versions"].get(state["new"], {}).get("ready", 0) > 0
        shown = state["services"].get(self._preview) == state["new"] and state["phase"] == "Paused"
        return bool(up and (shown or self._leads(state)))

    def _leads(self, state: State) -> bool:
        return bool(state["services"].get(self._active) == state["new"])


def _alone(state: State) -> bool:
    """Whether no version but the new one has pods."""
    return all(not each["wanted"] for version, each in state["versions"].items() if version != state["new"])
