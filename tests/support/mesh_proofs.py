"""A mesh's proof over a catalogue alone: its rendered objects as if a stack were up, the laboratory for real."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from blueprint import design
from blueprint.reading import Catalogue
from blueprint.settings import Settings
from manifests import everything
from operations import engine
from operations.console import Console, Phase
from operations.laboratory import copies, mesh
from operations.laboratory.part import Asked
from operations.leftovers import Cluster
from policies.core.facts import Facts
from policies.core.limits import limits_of
from tests.support.simulated import running
from tests.support.stacks import TODAY, settings

Manifest = Mapping[str, Any]


def facts(catalogue: Catalogue, given: Settings | None = None) -> Facts:
    """What is declared, with the settings of dev or `given` ones."""
    chosen = given or settings("dev")
    return Facts.of_stack(chosen, catalogue, limits=limits_of(chosen.environment), today=TODAY)


def rendered(catalogue: Catalogue, given: Settings | None = None) -> list[Manifest]:
    """The objects of a stack with `catalogue`, and what a control plane makes of them."""
    return running(everything(design(given or settings("dev"), catalogue)))


def asked(
    catalogue: Catalogue,
    toolchain: engine.Toolchain,
    cluster: Cluster | None = None,
    only: Iterable[str] = (),
    given: Settings | None = None,
) -> Asked:
    """What the part is given."""
    return Asked(
        facts=facts(catalogue, given),
        blueprint=design(given or settings("dev"), catalogue),
        cluster=cluster,  # type: ignore[arg-type]  # objects at hand need none
        only=tuple(only),
        tools=toolchain,
        phase=Phase("mesh", Console(quiet=True)),
    )


def proof(
    catalogue: Catalogue,
    toolchain: engine.Toolchain,
    objects: Iterable[Manifest] | None = None,
    given: Settings | None = None,
) -> mesh.Proof:
    """What the laboratory observes of `objects`, or of all that are rendered."""
    found = rendered(catalogue, given) if objects is None else objects
    return mesh.prove(copies.of(found), asked(catalogue, toolchain, given=given))
