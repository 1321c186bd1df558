"""Which software the laboratory runs, and whether it is what the platform installs: for every report of `plat prove`.

What was seen of another version than the installed one is evidence about that one, and a report says so. What the
platform installs stands in blueprint/operators, what the laboratory builds in laboratory_pins.py; here they meet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from blueprint.operators import argo_rollouts, cert_manager, istiod
from operations.engine import laboratory_pins
from operations.engine.recipes import GroupName


@dataclass(frozen=True, kw_only=True)
class Software:
    """One piece of software that a group of the laboratory runs."""

    group: GroupName
    name: str
    version: str
    """As its project spells it, without a `v`."""
    installed: str | None
    """What the platform installs of it; None where it installs nothing of the kind."""

    @property
    def same(self) -> bool:
        """Whether the laboratory runs the version that the platform installs."""
        return self.version == self.installed

    @property
    def words(self) -> str:
        """A phrase for reports."""
        if self.same:
            return f"{self.name} {self.version}, as the platform installs it"
        if self.installed is None:
            return f"{self.name} {self.version}, which the platform does not install"
        return f"{self.name} {self.version}; the platform installs {self.installed}"


def _commit(pseudo_version: str) -> str:
    """`development line of 2026-08-27 (eed52ebb66ad)` of a Go pseudo-version."""
    _, moment, commit = pseudo_version.rsplit("-", 2)
    return f"development line of {moment[:4]}-{moment[4:6]}-{moment[6:8]} ({commit})"


SOFTWARE: Final[tuple[Software, ...]] = (
    Software(
        group=laboratory_pins.CERTIFICATES,
        name="cert-manager",
        version=laboratory_pins.CERT_MANAGER_BUILT,
        installed=cert_manager.CHART.app_version.removeprefix("v"),
    ),
    Software(
        group=laboratory_pins.KUBE_ROUTER,
        name="kube-router",
        version=laboratory_pins.KUBE_ROUTER_BUILT,
        installed=None,
    ),
    Software(
        group=laboratory_pins.MESH,
        name="Envoy",
        version=laboratory_pins.ENVOY_WHEEL,
        installed=f"Istio's own build of it, of {istiod.CHART.app_version}",
    ),
    Software(
        group=laboratory_pins.MESH,
        name="Istio",
        version=_commit(laboratory_pins.ISTIO_BUILT),
        installed=istiod.CHART.app_version,
    ),
    Software(
        group=laboratory_pins.ROLLOUTS,
        name="Argo Rollouts",
        version=laboratory_pins.ARGO_ROLLOUTS_BUILT,
        installed=argo_rollouts.IMAGE.tag.removeprefix("v"),
    ),
)
"""Sorted by group and name; every group of the laboratory has a row."""


def words_of(groups: Iterable[GroupName]) -> tuple[str, ...]:
    """A phrase for each piece of software that the groups of the laboratory among `groups` run."""
    asked = set(groups)
    return tuple(software.words for software in SOFTWARE if software.group in asked)
