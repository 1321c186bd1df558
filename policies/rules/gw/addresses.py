"""TLS at the edge: a certificate for every host, and plain http only to redirect to https."""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from functools import partial
from typing import Final

from blueprint import names
from policies.core.rule import HIGH, Selector, Violation
from policies.core.world import World
from policies.kubernetes.helm import CHARTS, chart_name
from policies.objects import Object
from policies.objects.readable import readable
from policies.objects.values import View
from policies.rules.gw import group
from policies.rules.gw.group import GW
from policies.rules.gw.routes import routes

CERTIFICATE: Final = "Certificate.cert-manager.io"
ENCRYPTED: Final = frozenset({"HTTPS", "TLS"})
OLD_TLS: Final = re.compile(r"ssl-?v?[23]|tls-?v?1(?:[._][01])?(?![._0-9])", re.IGNORECASE)
"""Protocols that are broken: everything below TLS 1.2 (RFC 8996)."""


@GW.stack(
    "gw-tls",
    "A/M/M",
    HIGH,
    Selector(
        lambda thing: (thing,),
        frozenset({*group.KONG_ROUTES, group.GATEWAY, *CHARTS}),
        "public routes, Gateways, and Kong's chart",
    ),
    why="Over plain http, or with a certificate no client can verify, anyone on the path can read the tokens.",
    cure="Give every host a certificate of a real authority, and let port 80 only redirect",
    where="Pulumi.<stack>.yaml: platform:settings.gateway.certificates",
    sources=("Gatekeeper httpsonly", "Kyverno require-ingress-https", "RFC 8996"),
)
def tls(thing: Object, world: World) -> Iterator[Violation]:
    """A Secret that nothing creates is a finding where its namespace is declared; a self-signed issuer in prod."""
    yield from _READERS.get(thing.sort, _of_route)(thing, world)


def _of_chart(thing: Object, _: World) -> Iterator[Violation]:
    if chart_name(thing) not in ("kong", "ingress"):
        return
    for values in (thing.root["values"], thing.root.at("values", "gateway")):
        protocols, suite = values.at("env", "ssl_protocols"), values.at("env", "ssl_cipher_suite")
        if OLD_TLS.search(protocols.word):
            yield Violation(protocols, "allows a protocol below TLS 1.2")
        if suite.word == "old":
            yield Violation(suite, "is old, which allows protocols below TLS 1.2")
        for stream in values.at("proxy", "stream"):
            if "ssl" not in stream["parameters"].words:
                yield Violation(stream["parameters"], "lacks ssl, so the port takes bytes in the clear")


def _of_gateway(thing: Object, world: World) -> Iterator[Violation]:
    for listener in thing.spec["listeners"]:
        if listener["protocol"].word not in ENCRYPTED:
            continue
        tls = listener["tls"]
        for key, option in tls["options"].entries():
            if OLD_TLS.search(option.word) or ("version" in key.lower() and option.word in ("1.0", "1.1")):
                yield Violation(option, "allows a protocol below TLS 1.2")
        if tls["mode"].word == "Passthrough":
            continue
        references = tuple(tls["certificateRefs"])
        if not references:
            yield Violation(tls["certificateRefs"], "names no certificate")
        for reference in references:
            namespace = reference["namespace"].word or thing.namespace
            yield from _certificate(thing, reference["name"], namespace, (listener["hostname"],), world)


def _of_ingress(thing: Object, world: World) -> Iterator[Violation]:
    spoken, forced = (
        thing.annotations[group.PROTOCOLS_ANNOTATION],
        thing.annotations["ingress.kubernetes.io/force-ssl-redirect"],
    )
    if not _only_encrypted(spoken) and forced.word != "true":
        yield Violation(spoken, "does not keep plain http out")
    entries = tuple(thing.spec["tls"])
    for entry in entries:
        if entry["secretName"].word:
            yield from _certificate(thing, entry["secretName"], thing.namespace, tuple(entry["hosts"]), world)
    proven = {host.word.lower() for entry in entries if entry["secretName"].word for host in entry["hosts"]}
    for rule in thing.spec["rules"]:
        host = rule["host"].word
        if not _proves(proven, host):
            yield Violation(rule["host"], f"is {host or 'not set'}, and no certificate of the Ingress is for it")


def _only_encrypted(protocols: View) -> bool:
    spoken = {word.strip() for word in protocols.word.split(",") if word.strip()}
    return bool(spoken) and spoken <= {"https", "grpcs", "tls"}


def _of_byte_ingress(thing: Object, world: World) -> Iterator[Violation]:
    """Kong shows what a Gateway's listener has for a host on every port, so that it may stand there alone."""
    entries = tuple(thing.spec["tls"])
    for entry in entries:
        if not entry["secretName"].word:
            yield Violation(entry["secretName"], "is not set, so these hosts have no certificate")
    proven = {host.word.lower() for entry in entries for host in entry["hosts"]} | world.once(_terminated)
    bare = [rule["host"] for rule in thing.spec["rules"] if not _proves(proven, rule["host"].word)]
    if not entries and any(not host.word or world.declares(names.KONG) for host in bare):
        yield Violation(thing.spec["tls"], "names no certificate, and no listener of a Gateway has one for its hosts")
    elif entries:
        for host in bare:
            yield Violation(host, f"is {host.word or 'not set'}, and no certificate of the {thing.kind} is for it")


def _terminated(world: World) -> frozenset[str]:
    """Hosts for which a listener of a Gateway ends TLS with a certificate of its own."""
    found: set[str] = set()
    for each in world.of(group.GATEWAY):
        found |= readable(partial(_ended, each), _NOBODY)
    return frozenset(found)


_NOBODY: Final = frozenset[str]()


def _ended(gateway: Object) -> frozenset[str]:
    return frozenset(
        listener["hostname"].word.lower()
        for listener in gateway.spec["listeners"]
        if listener["protocol"].word in ENCRYPTED
        and listener["tls"]["mode"].word != "Passthrough"
        and any(reference["name"].word for reference in listener["tls"]["certificateRefs"])
    )


def _of_route(thing: Object, world: World) -> Iterator[Violation]:
    spoken = thing.annotations[group.PROTOCOLS_ANNOTATION]
    if spoken.word and not _only_encrypted(spoken):
        yield Violation(spoken, "takes plain http, whatever the listener says")
    if all(route.redirects for route in routes(thing)):
        return
    for parent in thing.spec["parentRefs"]:
        if parent["kind"].word not in ("", "Gateway"):
            continue
        namespace = parent["namespace"].word or thing.namespace
        gateway = world.named(group.GATEWAY, namespace, parent["name"].word)
        if gateway is None:
            if world.declares(namespace):
                yield Violation(parent, f"names {namespace}/{parent['name'].word}, and there is no such Gateway")
            continue
        listeners = [one for one in gateway.spec["listeners"] if _attaches(parent, one)]
        if not listeners:
            yield Violation(parent, f"names a listener {gateway.title} does not have")
        for listener in listeners:
            yield from _listened(thing, parent, gateway, listener, world)


def _attaches(parent: View, listener: View) -> bool:
    section, port = parent["sectionName"], parent["port"]
    return (not section.is_set or section.word == listener["name"].word) and (
        not port.is_set or port.number == listener["port"].number
    )


def _listened(thing: Object, parent: View, gateway: Object, listener: View, world: World) -> Iterator[Violation]:
    invited = listener.at("allowedRoutes", "namespaces", "from").word or "Same"
    if invited == "Same" and thing.namespace != gateway.namespace:
        return
    if listener["protocol"].word not in ENCRYPTED:
        yield Violation(parent, f"attaches to the listener {listener['name'].word}, which is not encrypted")
    elif not listener["hostname"].word:  # with a name, the Gateway's own verdict is enough
        for reference in listener.at("tls", "certificateRefs"):
            secret = reference["namespace"].word or gateway.namespace, reference["name"].word
            certificate = world.once(_certificates).get(secret)
            for host in thing.spec["hostnames"] if certificate else ():
                if certificate and not _names(certificate, host.word):
                    yield Violation(host, f"is {host.word}, and {certificate.title} is not for it")


_READERS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    **dict.fromkeys(CHARTS, _of_chart),
    **dict.fromkeys(group.INGRESSES, _of_ingress),
    **dict.fromkeys(group.BYTE_INGRESSES, _of_byte_ingress),
    group.GATEWAY: _of_gateway,
}


CLUSTER_ISSUER: Final = "cert-manager.io/cluster-issuer"
NAMESPACED_ISSUER: Final = "cert-manager.io/issuer"
"""Annotations by which cert-manager makes the certificates of a Gateway or an Ingress itself."""


def _certificate(thing: Object, at: View, namespace: str, hosts: tuple[View, ...], world: World) -> Iterator[Violation]:
    certificate = world.once(_certificates).get((namespace, at.word))
    everywhere, own = thing.annotations[CLUSTER_ISSUER].word, thing.annotations[NAMESPACED_ISSUER].word
    distrusted = ""
    if certificate:
        for host in hosts:
            if host.word and not _names(certificate, host.word):
                yield Violation(host, f"is {host.word}, and {certificate.title} is not for it")
        distrusted = _distrusted(*_issuer_of(certificate), world)
    elif namespace == thing.namespace and (everywhere or own):
        distrusted = _distrusted(bool(everywhere), namespace, everywhere or own, world)
    elif world.declares(namespace) and (namespace, at.word) not in world.once(_secrets):
        yield Violation(at, f"names the Secret {namespace}/{at.word}, which nothing fills")
    if distrusted and world.facts.environment == "prod":
        yield Violation(at, f"names a certificate {distrusted}")


def _names(certificate: Object, host: str) -> bool:
    return _proves(certificate.once(_dns_names), host)


def _dns_names(certificate: Object) -> frozenset[str]:
    return frozenset(name.lower() for name in certificate.spec["dnsNames"].words)


def _proves(names: Set[str], host: str) -> bool:
    """Whether a certificate for `names` proves `host`: a wildcard stands for one label (RFC 9525)."""
    _, dot, above = host.lower().partition(".")
    return host.lower() in names or (bool(dot and above) and f"*.{above}" in names)


DEPTH: Final = 5
"""Authorities above each other that are followed; a root, one below it and its leaf are three."""


def _issuer_of(certificate: Object) -> tuple[bool, str, str]:
    """Whether its issuer is the cluster's, else of which namespace, and its name."""
    reference = certificate.spec["issuerRef"]
    return reference["kind"].word == "ClusterIssuer", certificate.namespace, reference["name"].word


def _distrusted(clustered: bool, namespace: str, name: str, world: World) -> str:
    """Why no browser trusts what this issuer signs; "" where nothing says so."""
    for _ in range(DEPTH):
        within = "" if clustered else namespace
        issuer = world.named("ClusterIssuer.cert-manager.io" if clustered else "Issuer.cert-manager.io", within, name)
        if issuer is None:
            return ""
        if issuer.spec["selfSigned"].is_set:
            return "that signs itself"
        if "staging" in issuer.spec.at("acme", "server").word:
            return "of an authority for tests"
        secret = issuer.spec.at("ca", "secretName").word
        above = world.once(_certificates).get((within or names.CERT_MANAGER, secret))
        if above is None:
            return ""
        clustered, namespace, name = _issuer_of(above)
    return ""


def _certificates(world: World) -> Mapping[tuple[str, str], Object]:
    found: dict[tuple[str, str], Object] = {}
    for each in world.of(CERTIFICATE):
        found[each.namespace, readable(partial(_secret_of, each), "")] = each
    return found


def _secret_of(certificate: Object) -> str:
    return certificate.spec["secretName"].word


def _secrets(world: World) -> frozenset[tuple[str, str]]:
    """Secrets that something else fills: the run itself, or a store outside."""
    outside = world.of("ExternalSecret.external-secrets.io")
    targets = {(each.namespace, readable(partial(_target_of, each), each.name)) for each in outside}
    return frozenset({(each.namespace, each.name) for each in world.of("Secret")} | targets)


def _target_of(secret: Object) -> str:
    return secret.spec.at("target", "name").word or secret.name
