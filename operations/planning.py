"""What a stack will be, from its files to judged manifests: all steps before the first resource.

`plat up` and the program run exactly this, so that nothing the program refuses gets as far as an engine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import manifests
from blueprint import Blueprint, design, unmade
from blueprint.reading import read_together
from blueprint.settings import Settings
from blueprint.unmade import Pending
from manifests import Manifest
from manifests.charts import charts
from operations.deciding import today
from policies.adapters.preflight import preflight


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A stack that may be made."""

    settings: Settings
    blueprint: Blueprint
    manifests: tuple[Manifest, ...]
    """Every object, in the order they are made."""
    pending: tuple[Pending, ...]
    """What is declared and not made yet. Pods wait for it only where containers are simulated."""


def plan(settings: Callable[[], Settings], services: Path, stack: str, called: str = "") -> Plan:
    """The plan of `stack` over the catalogue in `services`, as of today (UTC): exceptions end by a day. `called` is the
    catalogue's name in messages.

    Raises TextError with every problem of settings and catalogue, and where pods would wait for ever for what is not
    made yet; PreflightError where the objects break a rule.
    """
    day = today()
    text, catalogue = read_together(settings, services, today=day, called=called)
    blueprint = design(text, catalogue, stack)
    pending = unmade.pending(text, catalogue, stack)
    unmade.check(text, pending)
    made = tuple(manifests.everything(blueprint))
    preflight(made, charts(blueprint), settings=text, catalogue=catalogue, today=day)
    return Plan(settings=text, blueprint=blueprint, manifests=made, pending=pending)
