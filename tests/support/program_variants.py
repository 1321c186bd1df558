"""The stacks as they are and as they may be cut, each run once per process: what the tests of the program look at."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import Blueprint, design
from blueprint.reading import read_catalogue, settings_of
from tests.support.counting_engine import Registration
from tests.support.program_run import Run, lead, project, run, written_settings
from tests.support.stacks import SERVICES, STACKS, TODAY
from tests.support.taken_shop import taken_shop

VARIANTS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    **{stack: (stack, {}) for stack in STACKS},
    "without a mesh": ("prod", {"mesh": {"mode": "none"}}),
    "only the platform": ("dev", {"layers": ["cluster", "platform"]}),
    "only the services": ("dev", {"layers": ["services"]}),
}
"""Name to stack, and what its settings say otherwise."""

every_variant = pytest.mark.parametrize("variant", sorted(VARIANTS))


def settings_as(variant: str) -> dict[str, Any]:
    stack, changes = VARIANTS[variant]
    return {**written_settings(stack), **changes}


def services_of(variant: str) -> Path:
    """What `variant` runs: the shop, as its cluster takes it."""
    return SERVICES if settings_as(variant)["cluster"]["kind"] == "embedded" else taken_shop()


@cache
def ran(variant: str, *, seed: int = 0, preview: bool = True) -> Run:
    """The finished run of `variant`; whoever only needs it to have succeeded need not look."""
    settings = settings_as(variant)
    with project(services_of(variant)) as folder:
        lead(folder, settings)
        done = run(folder, VARIANTS[variant][0], settings, seed=seed, preview=preview)
    assert done.exit_code == 0, f"{variant} failed: {done.reported} {done.refused} {done.printed}"
    return done


def decided(variant: str) -> Blueprint:
    stack = VARIANTS[variant][0]
    catalogue = read_catalogue(services_of(variant), today=TODAY)
    return design(settings_of(settings_as(variant), stack), catalogue, stack)


def objects(done: Run) -> Iterator[Registration]:
    """The Kubernetes objects among what was registered."""
    return (each for each in done.registrations if each.kind.startswith("kubernetes:") and each.request.custom)
