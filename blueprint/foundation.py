"""What the platform itself has, whatever services there are: namespaces, network rules, priorities and alerts."""

from dataclasses import dataclass, replace
from typing import Final

from blueprint import admission, alerts, names, operators, platform_rules
from blueprint.admission import AdmissionPolicy
from blueprint.alerts import Alert, Recording
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.network_rules import NetworkRule
from blueprint.vendors import KONG_REDIS


@dataclass(frozen=True, kw_only=True)
class Priority:
    """Who gives way to whom when nodes are full."""

    tier: str
    value: int
    preempts: bool
    """Whether it may end running pods of lower priority."""


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """The platform before its first service."""

    namespaces: tuple[PlatformNamespace, ...]
    rules: tuple[NetworkRule, ...]
    priorities: tuple[Priority, ...]
    admission_policies: tuple[AdmissionPolicy, ...]
    """What the cluster itself refuses."""
    alerts: tuple[Alert, ...]
    """What somebody is told about the platform."""
    recordings: tuple[Recording, ...]
    """What of it is kept under a name of its own."""


PRIORITIES: Final = (
    Priority(tier="best-effort", value=1_000, preempts=False),
    Priority(tier="critical", value=1_000_000, preempts=True),
    Priority(tier="standard", value=100_000, preempts=True),
)
"""By tier. Above the default of 0, below the thousand million from which Kubernetes' own begin."""

_OWN: Final = (
    PlatformNamespace(name=names.MESSAGING, denied=True, purpose="the brokers"),
    PlatformNamespace(name=names.OBSERVABILITY, denied=True, purpose="metrics, traces and logs"),
)
"""Namespaces of what no chart of `blueprint.operators` installs."""


def decide(context: Context) -> Foundation:
    """The platform's own part of a stack."""
    namespaces = [
        replace(namespace, meshed=namespace.meshed and context.meshed)
        for namespace in (*operators.namespaces(context), *_OWN)
    ]
    return Foundation(
        namespaces=tuple(sorted(namespaces, key=lambda namespace: namespace.name)),
        rules=tuple(
            rule
            for rule in platform_rules.decide(context.surroundings)
            if not platform_rules.is_about(rule, KONG_REDIS)  # they come with their pod, and before it
        ),
        priorities=PRIORITIES,
        admission_policies=admission.decide(meshed=context.meshed),
        alerts=alerts.decide(context),
        recordings=alerts.recordings(context),
    )
