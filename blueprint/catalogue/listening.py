"""Where a service listens, and whether what is said of its ports can be meant.

The checks are over several parts of a service's file, so its `Spec` asks for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from blueprint.catalogue.offering import Provide
from blueprint.catalogue.promising import Metrics
from blueprint.catalogue.running import Container
from blueprint.text import Checked, Fault, PortName, PortNumber, Text

FIRST_PORT: Final = 1024
"""The first port that any user may listen on (Linux, net.ipv4.ip_unprivileged_port_start). Some container runtimes
lower it, others do not, and a catalogue must run on all of them."""


class Port(Text):
    """One port of the service."""

    port: PortNumber
    """TCP port of the container, 1024 or above; the Service uses the same number, so that mesh and firewall speak of
    one port."""
    app_protocol: Literal["http", "http2", "grpc", "tcp", "tls"] = "http"
    """What the mesh takes the bytes for; a wrong word turns routing and per-path rules off."""


class Ports(Checked):
    """Where the service listens."""

    ports: Annotated[dict[PortName, Port], Field(min_length=1)]
    """By name; the name is what `provides.port` and `observability.metrics.port` refer to."""

    def faults(self) -> Iterator[Fault]:
        seen: dict[int, str] = {}
        for name, port in self.ports.items():
            if port.port in seen:
                yield Fault(
                    f"ports.{name}.port",
                    f"listens on {port.port} like '{seen[port.port]}'",
                    "Give each port a number of its own, or keep one of the two names",
                )
            if port.port < FIRST_PORT:
                yield Fault(
                    f"ports.{name}.port",
                    f"listens on {port.port}, but only root may listen below {FIRST_PORT} and no container is"
                    " root or has capabilities: it would end at its start with 'permission denied'",
                    "Let the program listen on another port, such as 8080 (nginx: listen 8080;)",
                )
            if 15000 <= port.port <= 15090:
                yield Fault(
                    f"ports.{name}.port",
                    f"listens on {port.port}, which belongs to the mesh's proxy in the same pod (15000 to 15090)",
                    "Take another port",
                )
            seen[port.port] = name


def offered(provides: Sequence[Provide], ports: Mapping[str, Port]) -> Iterator[Fault]:
    """Each API is on a port that can carry it."""
    for index, provide in enumerate(provides):
        place = f"provides.{index}.port"
        if provide.port not in ports:
            yield Fault(place, f"'{provide.port}' is no port of this service", _known(ports))
            continue
        spoken = ports[provide.port].app_protocol
        if (provide.operations or provide.route) and spoken in ("tcp", "tls"):
            cause = f"is {spoken} on '{provide.port}', where the mesh sees no requests: every call would be refused"
            yield Fault(place, cause, "Set that port's appProtocol to http, http2 or grpc")
        elif provide.type == "grpc" and spoken == "http":
            cause = f"is http on '{provide.port}', so the mesh would speak HTTP/1.1, which gRPC does not"
            yield Fault(place, cause, "Set that port's appProtocol to grpc")


def asked(containers: Mapping[str, Container], ports: Mapping[str, Port]) -> Iterator[Fault]:
    """A probe that names its port names one of the service's."""
    for name, container in sorted(containers.items()):
        for field, probe in container.written_probes.items():
            if isinstance(probe.port, str) and probe.port not in ports:
                cause = f"'{probe.port}' is no port of this service"
                yield Fault(f"containers.{name}.{field}.{probe.way}.port", cause, _known(ports))


def measured(metrics: Metrics | str | None, ports: Mapping[str, Port]) -> Iterator[Fault]:
    """The numbers are on a port that a scraper can read."""
    if not isinstance(metrics, Metrics):
        return
    place, name = "observability.metrics.port", metrics.port
    if name not in ports:
        yield Fault(place, f"'{name}' is no port of this service", _known(ports))
    elif (spoken := ports[name].app_protocol) in ("grpc", "tls"):
        cause = f"'{name}' speaks {spoken}, but numbers are asked for in plain HTTP: none would ever be read"
        plain = sorted(other for other, port in ports.items() if port.app_protocol == "http")
        cure = f"Name {' or '.join(plain)}" if plain else "Give the numbers a port of their own"
        yield Fault(place, cause, f"{cure}, or say metrics: none")


def _known(ports: Mapping[str, Port]) -> str:
    return f"Known: {', '.join(sorted(ports)) or 'none; give the service ports'}"
