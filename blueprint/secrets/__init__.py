"""The secrets of each service: where values come from, as whom they are read, and what starts anew when they change.

No value is decided or known here. One that is drawn is drawn in the cluster; one that is kept outside is read by
External Secrets with an identity of the service's own (`places`). What a file may be wrong about is in `checks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.catalogue import Service
from blueprint.catalogue.keeping import Secret as SecretText
from blueprint.connection import Connection, Generated
from blueprint.context import Context
from blueprint.quantities import seconds
from blueprint.secrets.places import MAKERS, NAMES, Place
from blueprint.settings import Settings
from blueprint.stores import Access

REREAD_SECONDS: Final = 3600
"""How long a Secret may differ from its store (External Secrets' own default)."""


@dataclass(frozen=True, kw_only=True)
class DrawnSecret:
    """A Secret whose values are drawn in the cluster, each for itself."""

    resource: str
    connection: Connection
    rotation_seconds: int | None
    """How often all of them are drawn anew; None: each once."""


@dataclass(frozen=True, kw_only=True)
class FetchedSecret:
    """A Secret whose values come from a store outside the cluster."""

    resource: str
    connection: Connection
    place: str
    """The SecretStore it is read through."""
    reread_seconds: int


Secret = DrawnSecret | FetchedSecret
"""Every type of decision about a Secret."""


@dataclass(frozen=True, kw_only=True)
class ServiceSecrets:
    """The Secrets of one service."""

    service: str
    owner: str
    namespace: str
    secrets: tuple[Secret, ...]
    """By resource."""
    watched: bool
    """Whether Reloader may see the Secrets of the namespace, and start its pods anew."""

    @property
    def connections(self) -> Mapping[str, Connection]:
        """Resource → what of it `${resources.<name>.<key>}` may ask."""
        return {secret.resource: secret.connection for secret in self.secrets}


@dataclass(frozen=True, kw_only=True)
class Reader:
    """As whom External Secrets reads for a service: an account no pod runs as."""

    service: str
    owner: str
    namespace: str
    places: tuple[Place, ...]
    """Stores outside the cluster it reads from, by name; each knows it by an identity of the service's own."""


def decide(service: Service, context: Context) -> ServiceSecrets | None:
    """The Secrets of `service`; None: it has none."""
    texts = dict(_texts(service))
    if not texts:
        return None
    return ServiceSecrets(
        service=service.name,
        owner=service.spec.owner,
        namespace=context.namespace(service.name),
        secrets=tuple(_secret(service, resource, text, context) for resource, text in texts.items()),
        watched=_is_watched(service, context),
    )


def reader(service: Service, access: Access | None, owned: ServiceSecrets | None, context: Context) -> Reader | None:
    """Who reads the credentials that `access` leads to and the Secrets `owned` of `service`; None: there are none."""
    kinds = {secret.place for secret in owned.secrets if isinstance(secret, FetchedSecret)} if owned else set()
    if access is None and not kinds:
        return None
    return Reader(
        service=service.name,
        owner=service.spec.owner,
        namespace=context.namespace(service.name),
        places=tuple(_place(kind, service, context.settings) for kind in sorted(kinds)),
    )


def wanted(context: Context) -> bool:
    """Whether any service of the stack has a Secret that External Secrets fills."""
    return any(_texts(service) for service in context.services.values())


def watched(context: Context) -> tuple[str, ...]:
    """The namespaces in which Secrets change while pods run, sorted."""
    services = context.services.values()
    return tuple(sorted(context.namespace(service.name) for service in services if _is_watched(service, context)))


def source_of(text: SecretText, settings: Settings) -> str:
    """Where the values of `text` come from in this stack."""
    return text.params.source or settings.secrets.store


def path_of(service: Service, text: SecretText) -> str:
    """Where in a store outside they are."""
    return text.params.path or f"{service.spec.system}/{service.name}"


def _texts(service: Service) -> list[tuple[str, SecretText]]:
    return [(name, text) for name, text in sorted(service.spec.resources.items()) if isinstance(text, SecretText)]


def _is_watched(service: Service, context: Context) -> bool:
    return any(_changes(text, context) for _, text in _texts(service))


def _changes(text: SecretText, context: Context) -> bool:
    """Whether its pods start anew when a value changes. Not in a second copy of the services: the platform, which
    another stack makes, knows nothing of its namespaces, and a right that covered them would cover all."""
    moves = source_of(text, context.settings) != "generated" or text.params.rotation is not None
    return moves and context.settings.tenant is None


def _secret(service: Service, resource: str, text: SecretText, context: Context) -> Secret:
    kind, name, changes = (
        source_of(text, context.settings),
        names.connection(service.name, resource),
        _changes(text, context),
    )
    rotation = None if text.params.rotation is None else round(seconds(text.params.rotation))
    if kind == "generated":
        drawn = Connection(secret=name, keys=dict.fromkeys(text.params.keys, Generated()), changes=changes)
        return DrawnSecret(resource=resource, connection=drawn, rotation_seconds=rotation)
    path = path_of(service, text)
    fetched = Connection(secret=name, keys={key: NAMES[kind](path, key) for key in text.params.keys}, changes=changes)
    return FetchedSecret(
        resource=resource,
        connection=fetched,
        place=kind,
        reread_seconds=min(rotation or REREAD_SECONDS, REREAD_SECONDS),
    )


def _place(kind: str, service: Service, settings: Settings) -> Place:
    return MAKERS[kind](settings.secrets.source(kind), service.name)
