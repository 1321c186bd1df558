"""Certificates: cert-manager's own controllers issue copies of the stack's, and a client accepts them for their hosts.

Only private authorities can be asked here. A public one would have to reach the gateway from outside: what it issues is
not observed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from blueprint import names
from blueprint.settings import Acme
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
        shown = sum("refused" in each for each in self.certificates)
        return (
            f"{ready} of {many(len(self.certificates), 'Certificate')} issued by {self.by}{life}",
            *([f"{shown} shown to a client (OpenSSL), which asked for each host and {STRANGER}"] if shown else []),
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
    acme = {_issuer(each) for each in copied if "acme" in each.get("spec", {})}
    public = [each for each in copied if each["kind"] == "Certificate" and _signer(each) in acme]
    private = [each for each in copied if each not in public and _issuer(each) not in acme]
    hosts = _hosts(facts)
    found = sandbox.run(_job(private, hosts, tools), phase)
    return Issued(
        certificates=found["certificates"],
        hosts=hosts,
        public=[_title(*_key(each)) for each in public],
        differences=[*_elsewhere(public, facts), *_differences(found["certificates"], hosts, public, facts)],
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


def _public(facts: Facts) -> bool:
    """Whether the settings leave the gateway's certificates to a public authority."""
    return facts.settings is not None and isinstance(facts.settings.gateway.certificates, Acme)


def _elsewhere(public: Sequence[Manifest], facts: Facts) -> Iterator[Difference]:
    """Certificates that a public authority is to issue, where the settings say that one of ours does."""
    for each in public if not _public(facts) else ():
        kind, _, name = _signer(each)
        what = f"is left to a public authority ({kind} {name}); declared is one of the platform's own"
        yield Difference(thing=_title(*_key(each)), what=what)


def _differences(
    certificates: Sequence[Mapping[str, Any]], hosts: Sequence[str], public: Sequence[Manifest], facts: Facts
) -> Iterator[Difference]:
    known = {(each["namespace"], each["name"]): each for each in certificates}
    elsewhere = set(map(_key, public))
    wanted = {(names.KONG, names.certificate(host)): host for host in hosts}
    for (namespace, name), host in sorted(wanted.items()):
        if (namespace, name) not in known and (namespace, name) not in elsewhere:
            yield Difference(thing=_title(namespace, name), what=f"does not exist, so nobody can speak to {host}")
        elif (namespace, name) in known and _public(facts):
            what = f"is signed by {known[namespace, name]['issuer']}; declared for {host} is a public authority"
            yield Difference(thing=_title(namespace, name), what=what)
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
    if host and seen["authority"]:
        yield f"may sign others (isCA), and is for the gateway's host {host}"
    if host and seen["issuer"] != f"ClusterIssuer {names.ISSUER}":
        yield f"is signed by {seen['issuer']}; clients of the gateway trust ClusterIssuer {names.ISSUER}"
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


def _issuer(thing: Manifest) -> tuple[str, str, str]:
    """Kind, namespace and name; a Certificate is never one, whatever it is called."""
    return thing["kind"], thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def _signer(certificate: Manifest) -> tuple[str, str, str]:
    """The issuer that signs it, as `_issuer` says it. Without a kind it is one of the same namespace."""
    reference = certificate["spec"]["issuerRef"]
    kind = reference.get("kind", "Issuer")
    return kind, certificate["metadata"]["namespace"] if kind == "Issuer" else "", reference["name"]


def _key(thing: Manifest) -> tuple[str, str]:
    return thing["metadata"]["namespace"], thing["metadata"]["name"]


def _title(namespace: str, name: str) -> str:
    return f"Certificate {namespace}/{name}"
