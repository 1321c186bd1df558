"""What a service offers: APIs, their operations, and the public routes to them.

An API is what a consumer names and what a route exposes; a port alone is neither. Who may call it follows from
the consumers' `consumes`, narrowed by `allow`; nothing here allows a connection by itself except `route`.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag

from blueprint.quantities import Duration
from blueprint.text import Checked, Fault, Host, PathTemplate, PortName, ServiceName, Slug, Text, Version

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class HttpOperation(Text):
    """One method on one path."""

    method: Method
    """HTTP method."""
    path: PathTemplate
    """Path; `{id}` stands for one segment. Quote it in a flow list."""
    idempotent: bool
    """Whether doing it twice does no harm. Only then may anybody retry it."""
    idempotency_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")] | None = None
    """The request header that makes a repeat harmless, for documentation; retries still ask for `idempotent`."""
    streaming: bool = False
    """Whether its answer goes on: server-sent events, a WebSocket, a long download. No timeout ends it and nobody
    retries it; changing it changes routes in place."""

    @property
    def key(self) -> str:
        """How a consumer names it: "GET /v1/orders/{id}"."""
        return f"{self.method} {self.path}"


class GrpcOperation(Text):
    """One remote procedure."""

    rpc: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/[A-Za-z_][A-Za-z0-9_]*$")]
    """package.Service/Method."""
    idempotent: bool
    """Whether doing it twice does no harm. Only then may anybody retry it."""
    streaming: bool = False
    """Whether its answer goes on: a stream of the client, of the server or of both. No timeout ends it and
    nobody retries it; changing it changes routes in place."""

    @property
    def key(self) -> str:
        """How a consumer names it: "payments.v1.Payments/Charge"."""
        return self.rpc


def _which(operation: Any) -> str:
    return "grpc" if (isinstance(operation, dict) and "rpc" in operation) or hasattr(operation, "rpc") else "http"


Operation = Annotated[
    Annotated[HttpOperation, Tag("http")] | Annotated[GrpcOperation, Tag("grpc")], Discriminator(_which)
]


class Token(Text):
    """A token of one of the stack's issuers."""

    type: Literal["jwt"]
    """jwt"""
    claims_to_verify: tuple[Literal["exp", "nbf"], ...] = ("exp",)
    """Claims the gateway checks (the templates': exp)."""
    key_claim_name: Literal["kid"] = "kid"
    """The claim or header that names the key (the templates': kid), so that two keys of one issuer can overlap."""


class Anybody(Text):
    """No token: the route is open to the world."""

    type: Literal["none"]
    """none"""
    reason: Annotated[str, Field(min_length=10, max_length=300)]
    """Why it has to be, for the reviewer. A route is never open by omission."""


Auth = Annotated[Token | Anybody, Field(discriminator="type")]


class RateLimit(Checked):
    """Requests one consumer may make. At least one of the three."""

    second: Annotated[int, Field(ge=1)] | None = None
    """Per second."""
    minute: Annotated[int, Field(ge=1)] | None = None
    """Per minute (the templates': 100)."""
    hour: Annotated[int, Field(ge=1)] | None = None
    """Per hour (the templates': 1,000)."""
    policy: Literal["local", "redis"] = "redis"
    """Where it is counted: in each gateway pod, or in one Redis for all of them. While that is away, requests pass."""

    def faults(self) -> Iterator[Fault]:
        given = [(name, limit) for name in ("second", "minute", "hour") if (limit := getattr(self, name)) is not None]
        if not given:
            yield Fault("", "limits nothing", "Give at least one of second, minute, hour")
        for (shorter, few), (longer, many) in pairwise(given):
            if many < few:
                yield Fault(
                    longer,
                    f"allows {many} per {longer} but {few} per {shorter}, so the {shorter} limit never counts",
                    f"Raise {longer} or drop {shorter}",
                )


Origin = Annotated[str, Field(pattern=r"^(\*|https?://[a-z0-9.-]+(:[0-9]+)?)$")]


class Cors(Checked):
    """Which web pages may call the route from a browser."""

    origins: Annotated[tuple[Origin, ...], Field(min_length=1)]
    """Scheme and host of each page."""
    methods: Annotated[tuple[Method, ...], Field(min_length=1)] = ("GET", "POST")
    """Methods a page may use."""
    headers: tuple[str, ...] = ()
    """Request headers a page may set beyond the simple ones."""
    credentials: bool = False
    """Whether cookies and tokens are sent along."""

    def faults(self) -> Iterator[Fault]:
        if self.credentials and "*" in self.origins:
            yield Fault(
                "origins",
                "accepts credentials from every origin, so any page could act for a signed-in user",
                "Name the origins, or set credentials to false",
            )


class Acl(Checked):
    """Which groups of consumers may pass. Exactly one of the two."""

    allow: tuple[Slug, ...] = ()
    """Only these groups."""
    deny: tuple[Slug, ...] = ()
    """Everybody but these groups."""

    def faults(self) -> Iterator[Fault]:
        if bool(self.allow) == bool(self.deny):
            yield Fault("", "gives both or neither of allow and deny", "Give exactly one of them")


MOST_PATHS: Final = 64
"""Matches of one rule of an HTTPRoute (Gateway API, maxItems)."""
_PARAMETER: Final = re.compile(r"\{[^}]*\}")

Pair = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+:.*$")]


class Additions(Text):
    """`name:value` pairs."""

    headers: tuple[Pair, ...] = ()
    """Request headers."""
    querystring: tuple[Pair, ...] = ()
    """Query parameters."""


class Removals(Text):
    """Names."""

    headers: tuple[str, ...] = ()
    """Request headers."""
    querystring: tuple[str, ...] = ()
    """Query parameters."""


class RequestTransformer(Text):
    """What the gateway changes in a request. Identity headers from outside (x-consumer-*, x-jwt-*) always go."""

    add: Additions = Additions()
    """Set where absent."""
    replace: Additions = Additions()
    """Set where present."""
    remove: Removals = Removals()
    """Taken away."""


class Route(Checked):
    """Its presence exposes the API at the gateway."""

    paths: Annotated[tuple[PathTemplate, ...], Field(min_length=1)]
    """Path prefixes, without parameters; each belongs to one route of one service."""
    strip_path: bool = False
    """Whether the gateway takes the prefix off: with `paths: [/shop]` a request for /shop/items asks the service for
    /items. Operations and contract are the service's own, so each is public below the prefix; where none are listed,
    all of the port is. The service finds the prefix in X-Forwarded-Prefix, for the links and redirects it writes.
    Changing it changes routes in place."""
    host: Host | None = None
    """One of the stack's gateway hosts. Unset: the first of them."""
    auth: Auth
    """Who may use it. Said, never assumed."""
    rate_limit: RateLimit = RateLimit(minute=100, hour=1000)
    """Requests per consumer (the templates' numbers)."""
    cors: Cors | None = None
    """Browser access from other origins. Unset: none."""
    acl: Acl | None = None
    """Groups that may pass. Unset: every consumer."""
    request_transformer: RequestTransformer = RequestTransformer()
    """Changes to the request."""

    def faults(self) -> Iterator[Fault]:
        if self.acl and self.auth.type == "none":
            yield Fault(
                "acl",
                "asks for a group but auth.type is none, so no request ever has one",
                "Set auth.type to jwt or drop acl",
            )
        taken = {"authorization"} & {header.lower() for header in self.request_transformer.remove.headers}
        if taken and self.auth.type == "jwt":
            cause = "takes the token away, but the service's proxy asks for it once more: every request is refused"
            yield Fault("requestTransformer.remove.headers", cause, "Leave authorization where it is")
        if len(self.paths) > MOST_PATHS:
            cause = f"has {len(self.paths)} prefixes, and a route takes {MOST_PATHS} (Gateway API)"
            yield Fault("paths", cause, "Route a common prefix, or split the API")
        for index, path in enumerate(self.paths):
            if "{" in path:
                yield Fault(
                    f"paths.{index}", f"'{path}' has a parameter, but a route is a prefix", "Cut it before the '{'"
                )
            if self.strip_path and path == "/":
                yield Fault(f"paths.{index}", "has nothing to take off", "Route a prefix, or drop stripPath")


class Provide(Checked):
    """One API."""

    api: Slug
    """Name; a consumer writes `service/api`. Never changes for a running consumer: a breaking version is a new API."""
    type: Literal["openapi", "grpc", "graphql", "asyncapi"]
    """Kind of contract."""
    version: Version
    """Semantic version of the contract, in quotes."""
    definition: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
    """Contract file, below the catalogue's folder."""
    port: PortName
    """Name of the port it is served on."""
    operations: tuple[Operation, ...] = ()
    """What it can do. With a list, callers reach nothing else on this port."""
    timeout: Duration = "5s"
    """The longest the service takes; a caller's timeout is not below it (5 s: the templates'). It ends no operation
    that says `streaming`."""
    allow: tuple[ServiceName, ...] | None = None
    """Services that may consume it. Unset: every catalogued one. An empty list: none."""
    route: Route | None = None
    """Present: exposed at the gateway."""

    def faults(self) -> Iterator[Fault]:
        yield from self._operations_fit_the_type()
        yield from self._routes_lead_somewhere()

    def _operations_fit_the_type(self) -> Iterator[Fault]:
        wanted = GrpcOperation if self.type == "grpc" else HttpOperation
        spelling = "rpc: package.Service/Method" if self.type == "grpc" else "method and path"
        seen: dict[str, str] = {}
        for index, operation in enumerate(self.operations):
            if not isinstance(operation, wanted):
                yield Fault(f"operations.{index}", f"does not fit type {self.type}", f"Write it with {spelling}")
            shape = _PARAMETER.sub("{}", operation.key)
            if operation.key == seen.get(shape):
                yield Fault(f"operations.{index}", f"'{operation.key}' is listed twice", "Drop one of the two")
            elif shape in seen:
                cause = f"'{operation.key}' is the same to everybody as '{seen[shape]}'"
                yield Fault(f"operations.{index}", cause, "Drop one of the two")
            seen.setdefault(shape, operation.key)
        if self.route and self.type not in ("openapi", "graphql"):
            yield Fault(
                "route",
                f"exposes a contract of type {self.type}, which the gateway cannot route by path",
                "Offer it as openapi or graphql, or call it from a service of type gateway",
            )

    def _routes_lead_somewhere(self) -> Iterator[Fault]:
        offered = [operation.path for operation in self.operations if isinstance(operation, HttpOperation)]
        if self.route and self.route.strip_path:  # whatever is offered is below the prefix
            return
        for index, prefix in enumerate(self.route.paths if self.route else ()):
            below = f"{prefix.rstrip('/')}/"
            if offered and not any(path == prefix or path.startswith(below) for path in offered):
                yield Fault(
                    f"route.paths.{index}",
                    f"'{prefix}' covers none of the operations, so every request to it would be refused",
                    f"Route a prefix of {', '.join(sorted(set(offered))[:4])}",
                )
