"""The Secrets of a service: drawn in the cluster or read from a store outside, and no value of one spelled.

Field by field checked against the definitions of External Secrets 2.9.0, and against its controller where that decides
when a generator is asked again.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from blueprint import names
from blueprint.connection import Fetched
from blueprint.secrets import DrawnSecret, FetchedSecret, Reader, ServiceSecrets
from blueprint.secrets.places import GoogleSecretManager, KeyValueEngine, Place, SecretsManager
from manifests.credentials import (
    EXTERNAL_SECRETS,
    RBAC,
    bound,
    drawn_from,
    external_secret,
    filled,
    generator,
    target,
)
from manifests.credentials import reader as account
from manifests.manifest import Manifest, given, manifest

MERGED: Final = "CreateOrMerge"
"""Several ExternalSecrets fill one Secret. None of them owns it, so it stays when they go (external-secrets v2.9.0,
pkg/controllers/externalsecret: applyOwnership)."""


def reader(decision: Reader) -> Iterator[Manifest]:
    """The account External Secrets reads as, and a SecretStore for each store outside."""
    marks = _marks(decision)
    identities = dict(pair for place in decision.places for pair in _identity(place))
    yield from account(decision.namespace, labels=marks, identities=identities)
    for place in decision.places:
        spec = {"provider": PROVIDERS[type(place)](place)}
        yield manifest(EXTERNAL_SECRETS, "SecretStore", place.name, decision.namespace, labels=marks, spec=spec)


def secrets(decision: ServiceSecrets) -> Iterator[Manifest]:
    """The Secrets, and who may see them change."""
    if decision.watched:
        yield from _restarts(decision)
    for secret in decision.secrets:
        yield from OBJECTS[type(secret)](secret, decision)


def _marks(of: Reader | ServiceSecrets) -> Mapping[str, str]:
    return {**names.selector(of.service), f"{names.PREFIX}/owner": of.owner}


def _drawn(secret: DrawnSecret, of: ServiceSecrets) -> Iterator[Manifest]:
    """A generator for all keys, and who asks it.

    Asked again it draws every key anew, and it is asked again for every change of who asks. What must not change has
    one ExternalSecret per key, which asks once: with one for all, a new key would either never come (CreatedOnce) or
    come with other values for the old ones. What changes anyway has one, so that pods start once, not once per key.
    """
    name, keys = secret.connection.secret, sorted(secret.connection.keys)
    yield generator(name, of.namespace, labels=_marks(of), keys=keys)
    if secret.rotation_seconds is None:
        for key in keys:
            own = names.kept_apart(of.service, secret.resource, key)
            yield _asks(own, name, (key,), of, refreshPolicy="CreatedOnce")
    else:
        yield _asks(name, name, keys, of, refreshPolicy="Periodic", refreshInterval=interval(secret.rotation_seconds))


def _asks(name: str, secret: str, keys: Any, of: ServiceSecrets, **when: str) -> Manifest:
    """The ExternalSecret `name`, by which `keys` come from the generator into `secret`."""
    data = {key: filled(f"{{{key}}}") for key in keys}
    return external_secret(
        name,
        of.namespace,
        labels=_marks(of),
        **when,
        target=target(secret, "Opaque", data, _marks(of), creation=MERGED),
        dataFrom=[drawn_from(secret)],
    )


def _fetched(secret: FetchedSecret, of: ServiceSecrets) -> Iterator[Manifest]:
    name = secret.connection.secret
    yield external_secret(
        name,
        of.namespace,
        labels=_marks(of),
        refreshPolicy="Periodic",
        refreshInterval=interval(secret.reread_seconds),
        secretStoreRef={"kind": "SecretStore", "name": secret.place},
        target=target(name, "Opaque", {}, _marks(of)),
        data=[
            {"secretKey": key, "remoteRef": given(key=source.name, property=source.property)}
            for key, source in sorted(secret.connection.keys.items())
            if isinstance(source, Fetched)
        ],
    )


OBJECTS: Final[Mapping[type, Callable[[Any, ServiceSecrets], Iterator[Manifest]]]] = {
    DrawnSecret: _drawn,
    FetchedSecret: _fetched,
}
"""Decision type → objects. Total over `blueprint.secrets.Secret`; a test says so."""


def _secrets_manager(place: SecretsManager) -> Manifest:
    return {"aws": {"service": "SecretsManager", "region": place.region, "auth": {"jwt": _as_reader()}}}


def _google(place: GoogleSecretManager) -> Manifest:
    identity = {
        "clusterProjectID": place.cluster_project,
        "clusterLocation": place.cluster_location,
        "clusterName": place.cluster_name,
        **_as_reader(),
    }
    return {"gcpsm": {"projectID": place.project, "auth": {"workloadIdentity": identity}}}


def _engine(place: KeyValueEngine) -> Manifest:
    """OpenBao is asked like Vault: it has no provider of its own."""
    kubernetes = {"mountPath": place.auth_mount, "role": place.role, **_as_reader()}
    return {
        "vault": {
            "server": place.address,
            "path": place.mount,
            "version": "v2",
            **given(
                namespace=place.namespace,
                caBundle=base64.b64encode(place.ca.encode()).decode() if place.ca else None,
            ),
            "auth": {"kubernetes": kubernetes},
        }
    }


PROVIDERS: Final[Mapping[type, Callable[[Any], Manifest]]] = {
    GoogleSecretManager: _google,
    KeyValueEngine: _engine,
    SecretsManager: _secrets_manager,
}
"""Store outside → how External Secrets calls it. Total over `blueprint.secrets.places.Place`; a test says so."""


def _as_reader() -> Manifest:
    return {"serviceAccountRef": {"name": names.SECRET_READER}}


def _identity(place: Place) -> Iterator[tuple[str, str]]:
    """Who the account is in the cloud of `place`. A Vault knows it by its token."""
    if isinstance(place, SecretsManager):
        yield "eks.amazonaws.com/role-arn", place.role
    if isinstance(place, GoogleSecretManager):
        yield "iam.gke.io/gcp-service-account", place.service_account


def interval(seconds: int) -> str:
    """`seconds` as Go prints a duration (90 days are 2160h0m0s): the controller writes it back so, and in other words
    it would be another owner's value."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    words = [f"{hours}h"] if hours else []
    words += [f"{minutes}m"] if minutes or hours else []
    return "".join((*words, f"{rest}s"))


def _restarts(of: ServiceSecrets) -> Iterator[Manifest]:
    """Reloader's right in the namespace: to see Secrets change, and to start the pods of Deployments, StatefulSets and
    Rollouts anew.

    It lists DaemonSets too, each time, and could not start them (Reloader v1.4.21, internal/pkg/handler/upgrade.go:
    doRollingUpgrade). Its chart would give it more, and of Rollouts only where the chart is rendered by somebody who
    sees their definition.
    """
    rules = [
        _rule("", ("secrets",), "list", "watch"),
        _rule("apps", ("deployments", "statefulsets"), "get", "list", "patch"),
        _rule("apps", ("daemonsets",), "list"),
        _rule("argoproj.io", ("rollouts",), "get", "list", "patch"),
        _rule("", ("events",), "create", "patch"),
    ]
    yield manifest(RBAC, "Role", names.RESTARTS, of.namespace, labels=_marks(of), rules=rules)
    subject = {"kind": "ServiceAccount", "name": names.RELOADER, "namespace": names.RELOADER}
    yield bound(names.RESTARTS, of.namespace, subject, _marks(of))


def _rule(group: str, resources: tuple[str, ...], *verbs: str) -> Manifest:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
