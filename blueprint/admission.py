"""Which of the pack's rules the cluster itself enforces, and where: what `kubectl apply` meets without this program.

CrossGuard judges what a program says; it is no admission controller. Guests on somebody's cluster mind their own
namespaces only, so each policy holds where our labels are, and one stands around these labels.
"""

from dataclasses import dataclass
from typing import Literal

from blueprint import names

Scope = Literal["tenants", "ours", "everywhere"]
"""`tenants`: namespaces of services and of their stores. `ours`: the platform's own too."""


@dataclass(frozen=True, kw_only=True)
class AdmissionPolicy:
    """One ValidatingAdmissionPolicy and its binding."""

    name: str
    scope: Scope
    subject: Literal["pods", "grants", "addresses", "traffic", "mesh", "namespaces"]
    """What it looks at; how it is spelled is `manifests.admission`."""


def decide(*, meshed: bool) -> tuple[AdmissionPolicy, ...]:
    """The policies of a stack, by name."""
    policies = [
        AdmissionPolicy(name=_name("addresses"), scope="tenants", subject="addresses"),
        AdmissionPolicy(name=_name("grants"), scope="tenants", subject="grants"),
        AdmissionPolicy(name=_name("namespaces"), scope="everywhere", subject="namespaces"),
        AdmissionPolicy(name=_name("pods"), scope="tenants", subject="pods"),
        AdmissionPolicy(name=_name("traffic"), scope="tenants", subject="traffic"),
    ]
    if meshed:
        policies.append(AdmissionPolicy(name=_name("mesh"), scope="ours", subject="mesh"))
    return tuple(sorted(policies, key=lambda policy: policy.name))


def _name(subject: str) -> str:
    return f"{subject}.{names.PREFIX}"
