"""How a container is asked whether it lives, can answer, and has started: Kubernetes' words.

A probe can be left open, written, or switched off by name. What is asked where it is left open is decided in
`blueprint.workloads`.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from blueprint.catalogue.off import Off
from blueprint.text import Checked, Fault, PortNumber, Text


class HttpGet(Text):
    """Success is any status from 200 to 399."""

    path: Annotated[str, Field(pattern=r"^/[^\s]*$")]
    """Path to ask for."""
    port: PortNumber
    """Port of the container."""


class TcpSocket(Text):
    """Success is a connection."""

    port: PortNumber
    """Port of the container."""


class GrpcCall(Text):
    """Success is SERVING from grpc.health.v1.Health."""

    port: PortNumber
    """Port of the container."""


class Exec(Text):
    """Success is exit code 0."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """Program and arguments; no shell."""


class Probe(Checked):
    """One question to a container; Kubernetes' field names. Exactly one of the four ways of asking."""

    http_get: HttpGet | None = None
    """Ask over HTTP."""
    tcp_socket: TcpSocket | None = None
    """Connect. The default for liveness: an HTTP liveness probe kills busy pods, and then the rest of them."""
    grpc: GrpcCall | None = None
    """Ask gRPC's health service."""
    exec: Exec | None = None
    """Run a program in the container."""
    initial_delay_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """Seconds before the first try. Prefer a startupProbe."""
    period_seconds: Annotated[int, Field(ge=1, le=300)] = 10
    """Seconds between tries (Kubernetes' default, 10)."""
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 3
    """Seconds to wait for an answer. Kubernetes' default of 1 has ejected the only replica of a slow service."""
    failure_threshold: Annotated[int, Field(ge=1, le=360)] = 3
    """Failures in a row that count (Kubernetes' default, 3)."""

    def faults(self) -> Iterator[Fault]:
        ways = [
            name for name in ("httpGet", "tcpSocket", "grpc", "exec") if getattr(self, _ATTRIBUTE[name]) is not None
        ]
        if len(ways) != 1:
            yield Fault(
                "",
                f"asks in {len(ways)} ways ({', '.join(ways)})" if ways else "asks nothing",
                "Give exactly one of httpGet, tcpSocket, grpc, exec",
            )

    @property
    def port(self) -> int | None:
        """The port asked, or None for a program."""
        asked = self.http_get or self.tcp_socket or self.grpc
        return asked.port if asked else None


_ATTRIBUTE = {"httpGet": "http_get", "tcpSocket": "tcp_socket", "grpc": "grpc", "exec": "exec"}

Asked = Probe | Off
"""One question of a container. None: nothing was said about it."""
