"""What an operator's module says, and what is decided about an installation.

It decides nothing and spells nothing. A field here is a field of every operator; what only one of them asks (where a
platform keeps its CNI binaries, whose webhook can block a namespace) is a field of the class in that one's module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.pins import Chart, CrdBundle


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One installation: a chart at an exact version, under a release name, in a namespace."""

    name: str
    """Release name. Most object names of the chart follow from it: changing it replaces the installation."""
    namespace: str
    """Namespace, made elsewhere before the chart."""
    chart: Chart
    skip_crds: bool = False
    """True where the chart's `crds/` folder must not be installed because a CrdBundle brings the same CRDs."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Every namespace the chart makes objects in: they are there first."""
        return (self.namespace,)


@dataclass(frozen=True, kw_only=True)
class Installable:
    """An operator this program knows how to install: the one value each module of this folder ends in."""

    decision: type[Operator]
    """The class of its decision. `manifests.operators` spells it in the module of the same name."""
    decide: Callable[[Context], Operator]
    asked: Callable[[Context], bool] = lambda _: False
    """Whether the stack itself asks for it. Without that it is installed only where another operator `needs` it."""
    needs: tuple[str, ...] = ()
    """Operators it cannot work without: they are installed as well, and before it."""
    after: tuple[str, ...] = ()
    """Operators that come first where they are installed."""
    brought_by: frozenset[str] = frozenset()
    """Platforms that run it themselves, where a second one would fight the first: nothing is installed there."""
    namespace: PlatformNamespace | None
    """Made where the operator is wanted, also with `operators: present`. None: every cluster has it."""
    crds: tuple[CrdBundle, ...] = ()
    """Definitions that must be there first and that its chart does not bring. Several operators may name one."""
    owns: tuple[str, ...] = ()
    """Kinds (`Kind.group`) whose definitions come with its chart or its bundles: their objects wait for it."""


@dataclass(frozen=True, kw_only=True)
class Operators:
    """Everything to install, in four steps, each begun when the one before it is ready.

    The CRD bundles; the charts that lean on nothing of ours; our certificates and issuers
    (`manifests.operators.objects`); the charts that mount or name them.
    """

    crds: tuple[CrdBundle, ...]
    foundation: tuple[Operator, ...]
    """In install order. Never ends with cert-manager: its chart is ready when the API server has been told whose
    certificate to trust, and the API server takes a moment to look; the step after needs that trust."""
    leaning: tuple[Operator, ...]
    """In install order."""

    @property
    def charts(self) -> tuple[Operator, ...]:
        """All charts, in install order."""
        return self.foundation + self.leaning


NONE: Final = Operators(crds=(), foundation=(), leaning=())
"""Installs nothing: someone else runs the controllers, or nothing does."""
