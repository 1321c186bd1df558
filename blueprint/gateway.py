"""The public edge: which hosts it answers for, with whose certificates, whose tokens it takes, and each route.

Kong is the edge; behind it every request meets the mesh, which checks identity and token once more. What a route
may reach is decided by `blueprint.isolation` and `blueprint.mesh` from the same entrance.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from blueprint import names
from blueprint.apis import port as port_of
from blueprint.catalogue import Service
from blueprint.catalogue.listening import opened
from blueprint.catalogue.offering import Acl, Auth, Cors, Provide, RateLimit, RequestTransformer
from blueprint.context import Context
from blueprint.settings import Certificates, Issuer, Settings


@dataclass(frozen=True, kw_only=True)
class Host:
    """A public name and the certificate that proves it."""

    name: str
    listener: str
    certificate: str


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """Everybody whose token one issuer signed."""

    name: str
    text: Issuer


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The edge itself."""

    hosts: tuple[Host, ...]
    """Never empty."""
    certificates: Certificates
    consumers: tuple[Consumer, ...]
    meshed: bool


@dataclass(frozen=True, kw_only=True)
class TcpRoute:
    """One port, public: bytes over TLS."""

    service: str
    namespace: str
    name: str
    """Of the port."""
    host: str
    """By which clients are told apart (SNI)."""
    port: int
    """Of the gateway."""
    service_port: int
    """Of the Service."""
    reason: str
    """Why it is open, in its owner's words."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One API, public."""

    service: str
    namespace: str
    api: str
    host: str
    listener: str
    paths: tuple[str, ...]
    strips_path: bool
    """Whether the service is asked for what follows the path."""
    port: int
    auth: Auth
    rate_limit: RateLimit
    cors: Cors | None
    acl: Acl | None
    transformer: RequestTransformer
    streams: bool
    """Whether an answer may go on for long, so that nothing may wait for its end."""


def hosts_of(settings: Settings) -> tuple[str, ...]:
    """The public names of a stack; the first is the default of a route."""
    return settings.gateway.hosts or (f"api.{settings.domain}",)


def decide(settings: Settings) -> Gateway:
    """The edge of a stack."""
    return Gateway(
        hosts=tuple(
            Host(name=host, listener=f"https-{index}", certificate=names.certificate(host))
            for index, host in enumerate(hosts_of(settings))
        ),
        certificates=settings.gateway.certificates,
        consumers=tuple(
            Consumer(name=names.consumer(name), text=issuer)
            for name, issuer in sorted(settings.identity.issuers.items())
        ),
        meshed=settings.mesh.mode != "none",
    )


def routes(service: Service, context: Context, gateway: Gateway) -> tuple[Route, ...]:
    """The routes of `service` on `gateway`, by API."""
    return tuple(_routes(service, context, gateway))


def tcp_routes(service: Service, context: Context, gateway: Gateway) -> tuple[TcpRoute, ...]:
    """The public ports of `service` on `gateway`, by name."""
    return tuple(
        TcpRoute(
            service=service.name,
            namespace=context.namespace(service.name),
            name=name,
            host=public.host or gateway.hosts[0].name,
            port=public.port,
            service_port=port.port,
            reason=public.reason,
        )
        for name, port, public in opened(service.spec.service)
    )


def streams(provide: Provide) -> bool:
    """Whether the public reaches an operation of `provide` whose answer goes on."""
    return provide.route is not None and any(operation.streaming for operation in provide.operations)


def _routes(service: Service, context: Context, gateway: Gateway) -> Iterator[Route]:
    for provide in sorted(service.spec.provides, key=lambda provide: provide.api):
        if provide.route is None:
            continue
        host = next((host for host in gateway.hosts if host.name == provide.route.host), gateway.hosts[0])
        yield Route(
            service=service.name,
            namespace=context.namespace(service.name),
            api=provide.api,
            host=host.name,
            listener=host.listener,
            paths=tuple(sorted(provide.route.paths)),
            strips_path=provide.route.strip_path,
            port=port_of(service, provide),
            auth=provide.route.auth,
            rate_limit=provide.route.rate_limit,
            cors=provide.route.cors,
            acl=provide.route.acl,
            transformer=provide.route.request_transformer,
            streams=streams(provide),
        )
