"""Certificates: cert-manager's own controllers issue copies of the stack's, and a client accepts them for their hosts.

Only private authorities can be asked here. A public one would have to reach the gateway from outside: what it issues is
not observed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from blueprint import names
from operations import engine
from operations.console import Phase, many
from operations.engine import Toolchain
from operations.engine.laboratory_versions import words_of
from operations.laboratory import sandbox
from operations.laboratory.copied import Manifest, copies
from operations.laboratory.part import Asked, Part
from policies.core.facts import Facts

TOOLS: Final = ("etcd", "kube-apiserver", "cert-manager-controllers")
_KINDS: Final[Mapping[str, str]] = {
    "Namespace": "namespaces",
    "ClusterIssuer": "clusterissuers.cert-manager.io",
    "Issuer": "issuers.cert-manager.io",
    "Certificate": "certificates.cert-manager.io",
}
"""What is copied, in the order in which it is created."""
STRANGER: Final = "a-stranger.invalid"
"""A host that no certificate is for (RFC 2606)."""
LONGEST_DAYS: Final = 200
"""Clients take no public certificate that lives longer (CA/Browser Forum, Baseline Requirements 6.3.2, from
2026-03-15): one of ours should not rely on being private."""
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One certificate that is not as it ought to be."""

    thing: str
    """The object at fault."""
    what: str

    def __str__(self) -> str:
        return f"{self.thing} {self.what}"

    def record(self) -> Mapping[str, str]:
        """For `--json`."""
        return {"object": self.thing, "what": self.what}


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What was observed."""

    certificates: Sequence[Mapping[str, Any]]
    hosts: Sequence[str]
    """Those of the gateway."""
    public: Sequence[str]
    """Certificates of a public authority, which nobody here can ask."""
    differences: Sequence[Difference]
    seconds: float
    memory_bytes: int
    by: str
    """Who issued them, with its version."""

    headline = "certificates are issued, and clients accept them for their hosts"

    def lines(self) -> Sequence[str]:
        """For people."""
        ready = sum(each["ready"] for each in self.certificates)
        lives = sorted({_days(each["issued"]) for each in self.certificates if each.get("issued")})
        life = f", for {' or '.join(f'{days:.0f}' for days in lives)} days" if lives else ""
        listed = ", ".join(self.public)
        return (
            f"{ready} of {many(len(self.certificates), 'Certificate')} issued by {self.by}{life}",
            f"{many(len(self.hosts), 'host')} of the gateway asked by a client (OpenSSL) that trusts the authority, and"
            f" {STRANGER} refused",
            *([f"not observed: a public authority, which is to issue {listed}"] if self.public else []),
            "not observed: renewal, which comes weeks later",
            f"{self.seconds:.0f} s, {self.memory_bytes / 1e6:.0f} MB",
        )

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {
            "by": self.by,
            "certificates": list(self.certificates),
            "differences": [each.record() for each in self.differences],
            "not_observed": [*(f"a public authority: {each}" for each in self.public), "renewal"],
            "seconds": self.seconds,
            "memory_bytes": self.memory_bytes,
        }


def prove(objects: Sequence[Manifest], facts: Facts, tools: Toolchain, phase: Phase) -> Issued:
    """Lets copies of our Certificates among `objects` be issued.

    Raises:
        RefusedError: this machine cannot, or the laboratory does not work.
    """
    copied = copies(filter(_ours, objects), list(_KINDS))
    acme = {each["metadata"]["name"] for each in copied if "acme" in each.get("spec", {})}
    public = [each for each in copied if each["kind"] == "Certificate" and each["spec"]["issuerRef"]["name"] in acme]
    private = [each for each in copied if each not in public and each["metadata"]["name"] not in acme]
    hosts = _hosts(facts)
    found = sandbox.run(_job(private, hosts, tools), phase)
    return Issued(
        certificates=found["certificates"],
        hosts=hosts,
        public=[_title(each["metadata"]["namespace"], each["metadata"]["name"]) for each in public],
        differences=list(_differences(found["certificates"], hosts, public)),
        seconds=found["seconds"],
        memory_bytes=found["memory_bytes"],
        by=" and ".join(words_of([engine.CERTIFICATES])),
    )


def _observe(asked: Asked) -> Issued:
    return prove(asked.cluster.listed(*_KINDS.values()), asked.facts, asked.tools, asked.phase)


CERTIFICATES: Final = Part(
    brief="Certificates: the gateway's are issued by cert-manager, and a client accepts them",
    groups=(engine.CONTROL_PLANE, engine.CERTIFICATES),
    as_root=False,
    observe=_observe,
)


def _ours(thing: Manifest) -> bool:
    return thing["kind"] in _KINDS and names.MANAGED.items() <= thing["metadata"].get("labels", {}).items()


def _hosts(facts: Facts) -> tuple[str, ...]:
    """The public names of the stack, from its settings."""
    settings = facts.settings
    if settings is None:
        return ()
    return tuple(sorted(settings.gateway.hosts or (f"api.{settings.domain}",)))


def _job(objects: Sequence[Manifest], hosts: Sequence[str], tools: Toolchain) -> Mapping[str, Any]:
    return {
        "part": "certificates",
        "objects": objects,
        "hosts": [*hosts, STRANGER],
        "tools": {name: str(tools.tools[name]) for name in TOOLS},
    }


def _differences(
    certificates: Sequence[Mapping[str, Any]], hosts: Sequence[str], public: Sequence[Manifest]
) -> Iterator[Difference]:
    known = {(each["namespace"], each["name"]): each for each in certificates}
    elsewhere = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in public}
    wanted = {(names.KONG, names.certificate(host)): host for host in hosts}
    for (namespace, name), host in sorted(wanted.items()):
        if (namespace, name) not in known and (namespace, name) not in elsewhere:
            yield Difference(thing=_title(namespace, name), what=f"does not exist, so nobody can speak to {host}")
    for (namespace, name), each in sorted(known.items()):
        for what in _wrong(each, wanted.get((namespace, name))):
            yield Difference(thing=_title(namespace, name), what=what)


def _wrong(seen: Mapping[str, Any], host: str | None) -> Iterator[str]:
    """What is wrong with one of them; `host`: that of the gateway which it is for."""
    if not seen["ready"]:
        yield f"is not issued: {seen['message']}"
        return
    if "issued" not in seen:
        yield "is ready, and its Secret holds no certificate"
        return
    if seen["authority"]:
        return
    for name in sorted({*seen["names"], *([host] if host else [])}):
        if refusal := seen["refused"].get(name):
            yield f"is refused by a client of {name}: {refusal}"
    for name in sorted(set(seen["refused"]) - set(seen["names"]) - {host}):
        if not seen["refused"][name]:
            yield f"is accepted for {name}, which it is not for"
    issued = seen["issued"]
    if host and issued and issued["names"] != [host]:
        yield f"is for {', '.join(issued['names'])}; the gateway's host is {host}"
    if issued and _days(issued) > LONGEST_DAYS:
        yield f"lives {_days(issued):.0f} days; clients take {LONGEST_DAYS}"


def _days(issued: Mapping[str, Any]) -> float:
    days: float = (issued["ends"] - issued["begins"]) / _DAY_SECONDS
    return days


def _title(namespace: str, name: str) -> str:
    return f"Certificate {namespace}/{name}"
