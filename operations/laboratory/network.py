"""NetworkPolicies on packets: every host tries every port of every other, and what connected is what was declared.

The policies are those the stack's API server holds, read once; kube-router enforces copies of them in a sandbox. The
expectation is the judge's (`expected`), which knows the catalogue and not the derivation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Protocol, TypeVar

from operations import engine
from operations.console import Phase, few, many
from operations.engine import Toolchain
from operations.engine.laboratory_versions import words_of
from operations.laboratory import sandbox
from operations.laboratory.assembling import assemble
from operations.laboratory.expected import Expectation, Wanted
from operations.laboratory.hosts import Host, Port
from operations.laboratory.letting import Letting
from operations.laboratory.observed import Observed, observe
from operations.laboratory.openings import missing_namespaces
from operations.laboratory.part import Asked, Part
from policies.core.facts import Facts
from policies.rules.net.platform import CLOSED_NAMESPACES

TOOLS: Final = ("etcd", "kube-apiserver", "kube-router")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One attempt that did not do what it ought to."""

    source: Host
    target: Host
    port: Port
    passed: bool
    because: tuple[str, ...]
    """The policies that let it through, or the edge and the end that lacks one."""

    def __str__(self) -> str:
        asked = f"{self.source.name} → {self.target.name} {self.port}"
        if self.passed:
            return f"{asked} passes, and no edge declares it: {'; '.join(self.because)}"
        return f"{asked} is refused, and is declared: {'; '.join(self.because)}"

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {
            "source": self.source.name,
            "target": self.target.name,
            "protocol": self.port.protocol,
            "port": self.port.number,
            "passed": self.passed,
            "because": list(self.because),
        }


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was observed."""

    hosts: Sequence[Host]
    policies: int
    attempts: int
    passed: Sequence[tuple[Host, Host, Port]]
    left_open: frozenset[tuple[Host, Host, Port]]
    """Attempts that edges neither ask for nor forbid: policies of other people's or of an operator decide."""
    differences: Sequence[Difference]
    rules: int
    """Of iptables."""
    seconds: float
    memory_bytes: int
    by: str
    """Who enforced the policies, with its version."""
    beyond: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Pods that could not be tried, by name; the key says why."""

    headline = "what connects is what is declared"

    @cached_property
    def pods(self) -> int:
        """Hosts that are pods of the stack."""
        return sum(host.is_pod and not host.stands_in for host in self.hosts)

    @cached_property
    def absent(self) -> Sequence[str]:
        """Services of which no pod runs."""
        missing = (host for host in self.hosts if host.stands_in and host.closed and host.group == host.namespace)
        return [host.group for host in missing if host.namespace not in CLOSED_NAMESPACES]

    def lines(self) -> Sequence[str]:
        """For people."""
        stand_ins, refused = len(self.hosts) - self.pods, self.attempts - len(self.passed)
        return (
            f"{many(self.pods, 'pod')} of the stack and {many(stand_ins, 'stand-in')}, each a network namespace behind"
            f" {self.by}",
            f"{self.policies} NetworkPolicies of the cluster became {self.rules:,} iptables rules",
            f"{self.attempts:,} attempts: {len(self.passed):,} connected, {refused:,} were refused;"
            f" {len(self.left_open):,} of them are not for this program to decide",
            f"{self.seconds:.0f} s, {self.memory_bytes / 1e6:.0f} MB",
            "not observed: IPv6, SCTP, a node's connections to its own pods",
            *(f"not tried ({why}): {few(names)}" for why, names in self.beyond.items()),
            *([f"no pod runs of {few(self.absent)}; each was tried by a stand-in"] if self.absent else []),
        )

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {
            "by": self.by,
            "pods": self.pods,
            "hosts": len(self.hosts),
            "policies": self.policies,
            "rules": self.rules,
            "attempts": self.attempts,
            "passed": len(self.passed),
            "left_open": len(self.left_open),
            "beyond": {why: list(names) for why, names in self.beyond.items()},
            "absent": list(self.absent),
            "differences": [each.record() for each in self.differences],
            "connections": [[source.name, target.name, str(port)] for source, target, port in self.passed],
            "seconds": self.seconds,
            "memory_bytes": self.memory_bytes,
        }


def prove(observed: Observed, facts: Facts, tools: Toolchain, phase: Phase, only: Sequence[str] = ()) -> Proof:
    """Tries every connection between the hosts of `observed`; with `only`, of the services those with these names.

    Raises:
        RefusedError: this machine cannot, or the laboratory does not work.
    """
    made = missing_namespaces(observed.namespaces, observed.policies)
    observed = replace(observed, namespaces=[*observed.namespaces, *made])
    hosts = assemble(observed, facts, only)
    found = sandbox.run(_job(hosts, observed, tools), phase)
    passed = [(hosts[source], hosts[target], Port(way, port)) for source, target, way, port in found["reached"]]
    expectation = Expectation(hosts, facts)
    differences = _differences(hosts, set(passed), expectation, observed)
    left_open = frozenset(
        (source, target, port)
        for source in hosts
        for target in hosts
        if _tried(source, target)
        for port in target.served
        if expectation.of(source, target, port) is Wanted.EITHER
    )
    return Proof(
        hosts=hosts,
        policies=len(observed.policies),
        attempts=found["attempts"],
        passed=passed,
        left_open=left_open,
        differences=differences,
        rules=found["rules"],
        seconds=found["seconds"],
        memory_bytes=found["memory_bytes"],
        by=", ".join(words_of([engine.KUBE_ROUTER])),
        beyond=observed.beyond,
    )


def _observe(asked: Asked) -> Proof:
    return prove(observe(asked.cluster), asked.facts, asked.tools, asked.phase, asked.only)


NETWORK: Final = Part(
    brief="NetworkPolicies: every pod tries every port of every other, TCP and UDP",
    groups=(engine.CONTROL_PLANE, engine.KUBE_ROUTER),
    as_root=False,
    observe=_observe,
)


def _job(hosts: Sequence[Host], observed: Observed, tools: Toolchain) -> Mapping[str, Any]:
    there = {each["metadata"]["name"] for each in observed.namespaces}
    new = sorted({host.namespace for host in hosts if host.namespace} - there)
    named = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in new]
    return {
        "part": "network",
        "hosts": [{"address": host.address, "served": host.served, "pod": host.manifest()} for host in hosts],
        "objects": [*observed.namespaces, *named, *observed.policies],
        "tools": {name: str(tools.tools[name]) for name in TOOLS},
    }


def _tried(source: Host, target: Host) -> bool:
    return source is not target and (source.is_pod or target.is_pod)


def _differences(
    hosts: Sequence[Host], passed: set[tuple[Host, Host, Port]], expectation: Expectation, observed: Observed
) -> list[Difference]:
    letting = Letting(hosts, observed.namespaces, observed.policies)
    found = []
    for source in hosts:
        for target in hosts:
            for port in target.served if _tried(source, target) else ():
                wanted, passes = expectation.of(source, target, port), (source, target, port) in passed
                if passes and wanted is Wanted.REFUSED:
                    because = letting.through(source, target, port)
                elif not passes and wanted is Wanted.PASSES:
                    because = (*expectation.why(source, target, port), *letting.missing(source, target, port))
                else:
                    continue
                found.append(Difference(source=source, target=target, port=port, passed=passes, because=because))
    return causes_first(found)


class Caused(Protocol):
    """A difference that says what it comes from."""

    @property
    def because(self) -> Sequence[str]:
        """Objects at fault, or what is missing."""


AnyDifference = TypeVar("AnyDifference", bound=Caused)


def causes_first(found: Sequence[AnyDifference]) -> list[AnyDifference]:
    """`found`, beginning with one for each cause that explains most of the others: few are read, and one namespace
    without its default deny makes sixty."""
    first: list[AnyDifference] = []
    others: list[AnyDifference] = []
    left = list(found)
    while counted := Counter(words for each in left for words in each.because):
        cause = min(counted, key=lambda words: (-counted[words], words))
        explained = [each for each in left if cause in each.because]
        first.append(explained[0])
        others += explained[1:]
        left = [each for each in left if cause not in each.because]
    return [*first, *left, *others]
