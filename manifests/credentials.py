"""Credentials without values: drawn in the cluster, and handed from the Secret beside a store to its service.

No value of a Secret is spelled here, and none comes back into our state. External Secrets draws a password once, into
a Secret beside the store; into the service's Secret it copies that one value, with the identity of a service account
that may read that one Secret. Secrets that are no store's are `manifests.secrets`'.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from blueprint import names
from blueprint.connection import Composed, Connection, Drawn, Known
from manifests.accounts import account
from manifests.manifest import Manifest, given, manifest

GENERATOR: Final = "generators.external-secrets.io/v1alpha1"
EXTERNAL_SECRETS: Final = "external-secrets.io/v1"
RBAC: Final = "rbac.authorization.k8s.io/v1"
RBAC_GROUP: Final = "rbac.authorization.k8s.io"

PASSWORD_LENGTH: Final = 32
"""Letters and digits: 190 bits, and nothing that an address, a command line or a file of settings reads otherwise."""

REFRESH: Final = "1h0m0s"
"""How long a service's Secret may differ from its source after a new password (External Secrets' own default)."""


def drawn(
    name: str,
    namespace: str,
    *,
    kind: str,
    data: Mapping[str, str],
    labels: Mapping[str, str],
    watched: Mapping[str, str],
    keys: Sequence[str] = (),
) -> Iterator[Manifest]:
    """A Secret called `name` with a password nobody chose: `{password}` in `data` stands for it; with one for each of
    `keys` where there are any, for which `{<key>}` stands. `watched` is what more the Secret itself is labelled with,
    for an operator that reads it again when it changes.

    The generator draws anew each time it is asked, so it is asked once: a Secret that is deleted is a new password
    (external-secrets v2.9.0, pkg/controllers/externalsecret: shouldRefresh, isSecretValid).
    """
    yield generator(name, namespace, labels=labels, keys=keys)
    yield external_secret(
        name,
        namespace,
        labels=labels,
        refreshPolicy="CreatedOnce",
        target=target(name, kind, {key: filled(text) for key, text in data.items()}, {**labels, **watched}),
        dataFrom=[drawn_from(name)],
    )


def generator(name: str, namespace: str, *, labels: Mapping[str, str], keys: Sequence[str] = ()) -> Manifest:
    """What draws a password for each of `keys`, each for itself; for one called `password` where there are none."""
    spec = {
        "length": PASSWORD_LENGTH,
        "symbols": 0,
        "noUpper": False,
        "allowRepeat": True,
        **given(secretKeys=list(keys)),
    }
    return manifest(GENERATOR, "Password", name, namespace, labels=labels, spec=spec)


def drawn_from(name: str) -> Manifest:
    """The generator called `name` as the source of an ExternalSecret."""
    return {"sourceRef": {"generatorRef": {"apiVersion": GENERATOR, "kind": "Password", "name": name}}}


def reader(namespace: str, *, labels: Mapping[str, str], identities: Mapping[str, str]) -> Iterator[Manifest]:
    """The account as which External Secrets reads for the service in `namespace`; a token of it, and of no other
    account, is what its controller may ask for. `identities` are annotations: who it is in a cloud."""
    name = names.SECRET_READER
    yield account(
        name,
        namespace,
        labels=labels,
        annotations=identities,
    )
    rule = {"apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": [name], "verbs": ["create"]}
    yield manifest(RBAC, "Role", f"{name}.token", namespace, labels=labels, rules=[rule])
    controller = {"kind": "ServiceAccount", "name": names.EXTERNAL_SECRETS, "namespace": names.EXTERNAL_SECRETS}
    yield bound(f"{name}.token", namespace, controller, labels)


def store(here: str, there: str, *, labels: Mapping[str, str]) -> Manifest:
    """What External Secrets reads the Secrets of the namespace `there` through, for the namespace `here`."""
    kubernetes = {
        "remoteNamespace": there,
        "server": {"caProvider": {"type": "ConfigMap", "name": "kube-root-ca.crt", "key": "ca.crt"}},
        "auth": {"serviceAccount": {"name": names.SECRET_READER}},
    }
    return manifest(
        EXTERNAL_SECRETS,
        "SecretStore",
        names.STORE_SECRETS,
        here,
        labels=labels,
        spec={"provider": {"kubernetes": kubernetes}},
    )


def readable(secret: str, *, here: str, there: str, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """The right of the reader in `here` to get the one `secret` in `there`."""
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [secret], "verbs": ["get"]}
    yield manifest(RBAC, "Role", f"{secret}.read", there, labels=labels, rules=[rule])
    subject = {"kind": "ServiceAccount", "name": names.SECRET_READER, "namespace": here}
    yield bound(f"{secret}.read", there, subject, labels)


def handed_over(connection: Connection, *, here: str, there: str, labels: Mapping[str, str]) -> Iterator[Manifest]:
    """The service's Secret in `here`, from Secrets of `there`."""
    taken = {key: source for key, source in sorted(connection.keys.items()) if isinstance(source, Drawn)}
    for secret in sorted({source.secret for source in taken.values()}):
        yield from readable(secret, here=here, there=there, labels=labels)
    data = {
        key: filled(source.text) if isinstance(source, Known | Composed) else filled(f"{{{key}}}")
        for key, source in sorted(connection.keys.items())
    }
    yield external_secret(
        connection.secret,
        here,
        labels=labels,
        refreshPolicy="Periodic",
        refreshInterval=REFRESH,
        secretStoreRef={"kind": "SecretStore", "name": names.STORE_SECRETS},
        target=target(connection.secret, "Opaque", data, labels),
        data=[
            {"secretKey": key, "remoteRef": {"key": source.secret, "property": source.key}}
            for key, source in taken.items()
        ],
    )


def bound(role: str, namespace: str, subject: Manifest, labels: Mapping[str, str]) -> Manifest:
    """`subject` with the Role called `role`, by a RoleBinding of its name."""
    reference = {"apiGroup": RBAC_GROUP, "kind": "Role", "name": role}
    return manifest(RBAC, "RoleBinding", role, namespace, labels=labels, roleRef=reference, subjects=[subject])


def external_secret(name: str, namespace: str, *, labels: Mapping[str, str], **spec: Any) -> Manifest:
    """An ExternalSecret with `spec` in wire names."""
    return manifest(EXTERNAL_SECRETS, "ExternalSecret", name, namespace, labels=labels, spec=spec)


def target(
    name: str, kind: str, data: Mapping[str, str], labels: Mapping[str, str], *, creation: str = "Owner"
) -> Manifest:
    """The Secret an ExternalSecret fills: of type `kind`, with `data` as templates; without any, as it was read."""
    template = {"engineVersion": "v2", "type": kind, "metadata": {"labels": dict(labels)}, **given(data=dict(data))}
    return {"name": name, "creationPolicy": creation, "template": template}


_PLACE: Final = re.compile(r"\{(\w+)\}")


def filled(text: str) -> str:
    """`text` as External Secrets fills it: `{password}` is the value called password."""
    return _PLACE.sub(r"{{ .\1 }}", text)
