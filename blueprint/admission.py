"""Which of the pack's rules the cluster itself enforces, and where: what `kubectl apply` meets without this program.

CrossGuard judges what a program says; it is no admission controller. Guests on somebody's cluster mind their own
namespaces only, so each wall holds where our labels are, and one stands around these labels.
"""

from dataclasses import dataclass
from typing import Literal

from blueprint import names

Scope = Literal["tenants", "ours", "everywhere"]
"""`tenants`: namespaces of services and of their stores. `ours`: the platform's own too."""


@dataclass(frozen=True, kw_only=True)
class Wall:
    """One ValidatingAdmissionPolicy and its binding."""

    name: str
    scope: Scope
    subject: Literal["pods", "grants", "addresses", "traffic", "mesh", "namespaces"]
    """What it looks at; how it is spelled is `manifests.admission`."""


def decide(*, meshed: bool) -> tuple[Wall, ...]:
    """The walls of a stack, by name."""
    walls = [
        Wall(name=_name("addresses"), scope="tenants", subject="addresses"),
        Wall(name=_name("grants"), scope="tenants", subject="grants"),
        Wall(name=_name("namespaces"), scope="everywhere", subject="namespaces"),
        Wall(name=_name("pods"), scope="tenants", subject="pods"),
        Wall(name=_name("traffic"), scope="tenants", subject="traffic"),
    ]
    if meshed:
        walls.append(Wall(name=_name("mesh"), scope="ours", subject="mesh"))
    return tuple(sorted(walls, key=lambda wall: wall.name))


def _name(subject: str) -> str:
    return f"{subject}.{names.PREFIX}"
