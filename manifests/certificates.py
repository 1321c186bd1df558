"""The certificates of stores and of the services that connect to them, and the authority that signs both."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from blueprint import names, store_names
from blueprint.authority import Authority
from manifests.manifest import Manifest, given, manifest

CERT_MANAGER: Final = "cert-manager.io/v1"
GROUP: Final = "cert-manager.io"

SERVES: Final = ("server auth",)
"""A server that only answers."""
BOTH_WAYS: Final = ("client auth", "server auth")
"""A server whose pods call each other, and show the same certificate then: one that is for servers alone is refused."""


def authority(decision: Authority) -> Iterator[Manifest]:
    """The authority: a certificate that signs itself, and the issuer that signs with its key."""
    root = f"{decision.name}-root"
    yield manifest(CERT_MANAGER, "Issuer", root, decision.namespace, spec={"selfSigned": {}})
    spec = {
        "secretName": decision.name,
        "isCA": True,
        "commonName": decision.name,
        "duration": f"{decision.life_hours}h0m0s",
        # Kept when it is renewed: what trusts it reads it when it starts.
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "issuerRef": {"group": GROUP, "kind": "Issuer", "name": root},
    }
    yield manifest(CERT_MANAGER, "Certificate", decision.name, decision.namespace, spec=spec)
    yield manifest(CERT_MANAGER, "ClusterIssuer", decision.name, None, spec={"ca": {"secretName": decision.name}})


def server(
    resource: str,
    namespace: str,
    dns_names: Sequence[str],
    hours: int,
    *,
    labels: Mapping[str, str],
    watched: Mapping[str, str],
    usages: Sequence[str] = SERVES,
    subject: Mapping[str, str] = {},
    encoding: str | None = None,
) -> Manifest:
    """What the store `resource` proves itself with; `watched` is what its Secret is labelled with. `subject` is for
    servers that want one; a client looks at `dns_names`. `encoding` is of the key, where the server reads one alone."""
    return _certificate(
        store_names.server(resource),
        namespace,
        hours,
        usages,
        labels,
        encoding,
        **subject,
        dnsNames=list(dns_names),
        secretTemplate={"labels": {**labels, **watched}},
    )


def client(namespace: str, hours: int, *, labels: Mapping[str, str]) -> Manifest:
    """The certificate of a service towards its stores. What it brings with it counts: the authority's."""
    return _certificate(
        names.STORE_CLIENT, namespace, hours, ("client auth",), labels, commonName=f"{names.STORE_CLIENT}.{namespace}"
    )


def administrator(resource: str, namespace: str, hours: int, *, labels: Mapping[str, str], name: str) -> Manifest:
    """The certificate called `name` of whoever may do everything to the store `resource`; a server reads its key."""
    secret = store_names.administrator_certificate(resource)
    return _certificate(secret, namespace, hours, ("client auth",), labels, "PKCS8", commonName=name)


def _certificate(
    name: str,
    namespace: str,
    hours: int,
    usages: Sequence[str],
    labels: Mapping[str, str],
    encoding: str | None = None,
    **of: object,
) -> Manifest:
    spec = {
        "secretName": name,
        **of,
        "duration": f"{hours}h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always", **given(encoding=encoding)},
        "usages": ["digital signature", *usages],
        "issuerRef": {"group": GROUP, "kind": "ClusterIssuer", "name": names.STORE_AUTHORITY},
    }
    return manifest(CERT_MANAGER, "Certificate", name, namespace, labels=labels, spec=spec)
