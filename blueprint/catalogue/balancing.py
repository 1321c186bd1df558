"""Which pod answers a request, where it must not be any: the same one for the same caller, in Istio's words.

Affinity is soft. It is a hash over the pods that are ready, and it keeps nothing that a pod alone remembers.
"""

from collections.abc import Iterator, Sequence, Set
from typing import Annotated, Literal

from pydantic import Field

from blueprint.catalogue.offering import Provide
from blueprint.names import IDENTITY_HEADERS
from blueprint.quantities import Duration
from blueprint.text import Fault, Text


class CookieAffinity(Text):
    """The same pod for the same cookie."""

    type: Literal["cookie"]
    """cookie"""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    """Name of the cookie."""
    ttl: Duration | None = None
    """How long the cookie lives that the caller's proxy gives to whoever has none, for every path of the host. Unset:
    the service sets the cookie itself, and requests without it go to any pod."""

    @property
    def header(self) -> str | None:
        """The request header that is hashed, in lower case; None: none is."""
        return "cookie"


class HeaderAffinity(Text):
    """The same pod for the same value of a request header, such as a user's id or a gRPC key."""

    type: Literal["header"]
    """header"""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
    """Name of the header. Requests without it go to any pod."""

    @property
    def header(self) -> str | None:
        """As of a cookie."""
        return self.name.lower()


class SourceIpAffinity(Text):
    """The same pod for all requests of one calling pod. Not for public services: the gateway is their caller."""

    type: Literal["sourceIp"]
    """sourceIp"""

    @property
    def header(self) -> str | None:
        """As of a cookie."""
        return None


Affinity = Annotated[CookieAffinity | HeaderAffinity | SourceIpAffinity, Field(discriminator="type")]


def faults(
    affinity: Affinity, protocols: Set[str], provides: Sequence[Provide], *, public: bool, balanced: bool
) -> Iterator[Fault]:
    """Why `affinity` would hold nothing: of a service that `provides` APIs on ports that speak `protocols`, which is
    `public` if the gateway leads to it, and `balanced` if it says how its pods are chosen."""
    if not protocols & {"http", "http2", "grpc"}:
        heard = f"its ports speak {' and '.join(sorted(protocols))}" if protocols else "the service has no port"
        cause = f"tells requests apart, but {heard}: the mesh sees none"
        yield Fault("affinity", cause, "Drop it, or give the service a port whose appProtocol is http, http2 or grpc")
    if public and affinity.type == "sourceIp":
        cause = "is the gateway's for every public request, so each of its pods would send all of them to one pod"
        cure = "Say `type: cookie` or `type: header`, with a name that tells callers apart: the gateway passes it on"
        yield Fault("affinity.type", cause, cure)
    if affinity.header in _taken(provides):
        cause = (
            f"tells callers apart by the header {affinity.header}, which the gateway takes from every public request"
        )
        yield Fault("affinity", cause, "Name a header that arrives, or drop it from requestTransformer.remove")
    if balanced:
        cause = "chooses a pod for each request anew, but affinity keeps the same one"
        yield Fault("resilience.loadBalancer", cause, "Drop one of the two")


def _taken(provides: Sequence[Provide]) -> Set[str]:
    """The headers that the gateway takes away on some route, in lower case."""
    routes = [provide.route for provide in provides if provide.route]
    named = {header.lower() for route in routes for header in route.request_transformer.remove.headers}
    return named.union(IDENTITY_HEADERS) if routes else named
