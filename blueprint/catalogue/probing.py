"""How a container is asked whether it lives, can answer, and has started: Kubernetes' words.

A probe can be left open, written, or switched off by name. What is asked where it is left open is decided in
`blueprint.workloads`.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, TypeAdapter, WithJsonSchema

from blueprint.catalogue.off import Off
from blueprint.text import Checked, Fault, PortName, PortNumber, Text, refuse

MOST_PORT: Final = 65535


def _port(value: Any) -> Any:
    """One check instead of a union: a probe is in a union with `none`, and one of two complaints would be lost."""
    if isinstance(value, str) and not value.isdigit():
        return _NAME.validate_python(value)
    if not isinstance(value, int) or isinstance(value, bool):
        refuse(Fault("", "is no port", "Write its number without quotes, or the name of one of the service's ports"))
    if not 1 <= value <= MOST_PORT:
        refuse(Fault("", f"is {value}, which is no port", f"Write a number from 1 to {MOST_PORT}, or a port's name"))
    return value


_NAME: Final = TypeAdapter(PortName)
AskedPort = Annotated[
    PortNumber | PortName,
    PlainValidator(_port),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_PORT}, {"type": "string"}]}),
]
"""A port by its number or its name."""

SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-access-token", "x-api-key", "x-auth-token"}
)
"""Headers whose whole meaning is to prove who asks, in lower case."""

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[!-~]([ -~]*[!-~])?$")]


class HttpGet(Checked):
    """Success is any status from 200 to 399."""

    path: Annotated[str, Field(pattern=r"^/[^\s]*$")]
    """Path to ask for."""
    port: AskedPort
    """Port of the container: a number, or the name of one of the service's."""
    headers: dict[HeaderName, HeaderValue] | None = None
    """Request headers, by name, as they are. `Host` is what a server of several hosts needs; unset, it is the pod's
    address. Nothing that proves who asks: whoever reads the pod reads it."""

    def faults(self) -> Iterator[Fault]:
        seen: dict[str, str] = {}
        for name, value in (self.headers or {}).items():
            place, known = f"headers.{name}", seen.setdefault(name.lower(), name)
            if known != name:
                yield Fault(place, f"is the header '{known}' once more: case says nothing", "Drop one of the two")
            if name.lower() in SECRET_HEADERS:
                cause = "holds a secret in plain text, which whoever reads the pod reads"
                cure = "Answer probes without it on that path, connect with tcpSocket, or exec a program that has it"
                yield Fault(place, cause, cure)
            elif "${" in value:
                cause = "holds a ${, which is not replaced in a probe; the kubelet would send it unchanged"
                yield Fault(place, cause, "Write the value itself")


class TcpSocket(Text):
    """Success is a connection."""

    port: AskedPort
    """Port of the container: a number, or the name of one of the service's."""


class GrpcCall(Text):
    """Success is SERVING from grpc.health.v1.Health."""

    port: AskedPort
    """Port of the container: a number, or the name of one of the service's."""


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
        if len(ways := self._ways) != 1:
            yield Fault(
                "",
                f"asks in {len(ways)} ways ({', '.join(ways)})" if ways else "asks nothing",
                "Give exactly one of httpGet, tcpSocket, grpc, exec",
            )

    @property
    def _ways(self) -> dict[str, HttpGet | TcpSocket | GrpcCall | Exec]:
        every = {"httpGet": self.http_get, "tcpSocket": self.tcp_socket, "grpc": self.grpc, "exec": self.exec}
        return {way: asked for way, asked in every.items() if asked is not None}

    @property
    def way(self) -> str:
        """How it asks: httpGet, tcpSocket, grpc or exec."""
        return next(iter(self._ways))

    @property
    def port(self) -> AskedPort | None:
        """The port asked, or None for a program."""
        asked = self.http_get or self.tcp_socket or self.grpc
        return asked.port if asked else None

    def on(self, port: PortNumber) -> "Probe":
        """The same question on `port`; of a program, the same."""
        way, asked = next(iter(self._ways.items()))
        return self.model_copy(update={_FIELDS[way]: asked.model_copy(update={"port": port})}) if self.port else self


_FIELDS: Final = {"httpGet": "http_get", "tcpSocket": "tcp_socket", "grpc": "grpc"}

Asked = Probe | Off
"""One question of a container. None: nothing was said about it."""
