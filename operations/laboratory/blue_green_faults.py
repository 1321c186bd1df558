"""Where a blue-green did not do what the catalogue declares, moment by moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from operations.laboratory.deliveries import BlueGreenDeclared
from operations.laboratory.delivery_seen import Fault, Seen

DELAY_TOLERANCE_SECONDS: Final = 10.0
"""By which the end of an old version's pods may be off: the controller looks again after some seconds."""


def _starts(seen: Seen) -> Iterator[Fault]:
    if not seen.moment["reached"]:
        yield seen.stays("Healthy")
        return
    for service in (seen.declared.active, seen.declared.preview):
        yield from seen.leads(service, seen.state["stable"], "the only")


def _previewed(seen: Seen) -> Iterator[Fault]:
    declared: BlueGreenDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays("waiting with a new version behind the preview Service")
        return
    yield from seen.leads(declared.preview, seen.state["new"], "the new")
    if seen.moment["took_over"] and not declared.promotes_itself:
        said = _said(seen.rollout, "autoPromotionEnabled", "autoPromotionSeconds")
        active = seen.thing("Service", declared.active)
        yield seen.itself, f"({said}) let {active} take the new version by itself; declared is that a person promotes"
    elif declared.promotes_itself and not seen.moment["took_over"]:
        said = _said(seen.rollout, "autoPromotionEnabled")
        yield seen.itself, f"({said}) waits for a person; declared is that the new version takes over by itself"
    elif not declared.promotes_itself and _later(seen.rollout):
        said = _said(seen.rollout, "autoPromotionSeconds")
        yield seen.itself, f"({said}) takes over by itself later; declared is that a person promotes"
    elif not declared.promotes_itself:
        versions = seen.moment["services"].get(declared.active, [])
        if list(versions) != [seen.moment["before"]]:
            yield seen.thing("Service", declared.active), f"did not keep the old version: it led to {versions}"


def _promoted(seen: Seen) -> Iterator[Fault]:
    declared: BlueGreenDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays("promoted")
        return
    for service in (declared.active, declared.preview):
        yield from seen.leads(service, seen.state["new"], "the new")
    old = seen.moment["versions"].get(seen.before["before"], {})
    stays = _until(old["until"]) - seen.moment["led_at"] if old.get("until") else None
    if stays is None or abs(stays - declared.delay_seconds) > DELAY_TOLERANCE_SECONDS:
        given = "at once" if stays is None else f"after {stays:.0f} s"
        yield seen.itself, f"ends the old version's pods {given}; declared is after {declared.delay_seconds} s"
    elif (alone := seen.moment.get("alone_seconds")) is not None and any(
        each["wanted"] for version, each in seen.state["versions"].items() if version != seen.state["new"]
    ):
        yield seen.itself, f"still has pods of the old version after {alone:.0f} s"


def _taken_back(seen: Seen) -> Iterator[Fault]:
    declared: BlueGreenDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays("aborted")
        return
    old = seen.before["state"]["new"]
    versions = seen.moment["services"].get(declared.active, [])
    if list(versions) != [old]:
        yield seen.thing("Service", declared.active), f"did not keep the old version: it led to {versions}"


def _later(rollout: Mapping[str, Any]) -> bool:
    """Whether a version is promoted by the clock: nobody here watches for so long."""
    return bool(rollout["spec"]["strategy"]["blueGreen"].get("autoPromotionSeconds"))


def _said(rollout: Mapping[str, Any], *fields: str) -> str:
    strategy = rollout["spec"]["strategy"].get("blueGreen", {})
    return ", ".join(f"{field}: {str(strategy[field]).lower()}" for field in fields if field in strategy) or "no word"


def _until(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


CHECKS: Final[Mapping[str, Callable[[Seen], Iterator[Fault]]]] = {
    "abort": _taken_back,
    "preview": _previewed,
    "promotion": _promoted,
    "start": _starts,
}
"""Moment → what is wrong with it. Total over `inside.blue_green.moments`."""
