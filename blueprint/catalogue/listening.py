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


MESH_PORTS: Final = range(15000, 15091)
"""Where the mesh's proxy listens itself, in the pod and, for what goes out, on the ports of Services."""


class Port(Text):
    """One port of the service."""

    port: PortNumber
    """TCP port of the Service, which callers ask: `${consumes.<service>.port}`. Without `targetPort` it is the
    container's as well, and 1024 or above."""
    target_port: PortNumber | None = None
    """TCP port of the container, 1024 or above: what firewall, mesh, probes and metrics are about. Unset: `port`.
    Changing it restarts the pods."""
    app_protocol: Literal["http", "http2", "grpc", "tcp", "tls"] = "http"
    """What the mesh takes the bytes for; a wrong word turns routing and per-path rules off."""

    @property
    def target(self) -> int:
        """What the pods listen on."""
        return self.target_port or self.port


class Ports(Checked):
    """Where the service listens."""

    ports: Annotated[dict[PortName, Port], Field(min_length=1)]
    """By name; the name is what `provides.port` and `observability.metrics.port` refer to."""

    def faults(self) -> Iterator[Fault]:
        answered: dict[int, str] = {}
        listened: dict[int, str] = {}
        for name, port in self.ports.items():
            at = f"ports.{name}.{'targetPort' if port.target_port else 'port'}"
            if (other := answered.setdefault(port.port, name)) != name:
                cause = f"answers on {port.port} like '{other}'"
                yield Fault(f"ports.{name}.port", cause, "Give each port a number of its own, or keep one of the two")
            elif (other := listened.setdefault(port.target, name)) != name:
                cause = f"listens on {port.target} like '{other}', and the mesh takes its bytes for one of the two"
                yield Fault(at, cause, "Let the program listen on two ports, or keep one of the two")
            if port.target < FIRST_PORT:
                kept = "" if port.target_port else f"; for callers to keep {port.port}, name the other in targetPort"
                yield Fault(
                    at,
                    f"listens on {port.target}, but only root may listen below {FIRST_PORT} and no container is"
                    " root or has capabilities: it would end at its start with 'permission denied'",
                    f"Let the program listen on another port, such as 8080 (nginx: listen 8080;){kept}",
                )
            for field, number in (("port", port.port), ("targetPort", port.target_port)):
                if number in MESH_PORTS:
                    cause = f"is {number}, which belongs to the mesh's proxy (15000 to 15090)"
                    yield Fault(f"ports.{name}.{field}", cause, "Take another port")


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
    yield from _stripped(provides)


def _stripped(provides: Sequence[Provide]) -> Iterator[Fault]:
    """A route without its prefix leads to every path of its port. The mesh admits the gateway to what is public there,
    and cannot see by which route it came: whose token, groups and limits were asked for."""
    for index, provide in enumerate(provides):
        others = [other for other in provides if other.port == provide.port and other is not provide]
        reached = [other.api for other in others if other.route or not provide.operations]
        if provide.route and provide.route.strip_path and reached:
            cause = f"leads to every path of '{provide.port}', so to {', '.join(reached)} too, whoever may ask there"
            listed = bool(provide.operations) or any(other.route for other in others)
            own = "give it a port of its own"
            cure = f"{own.capitalize()}, or drop stripPath" if listed else f"List its operations, or {own}"
            yield Fault(f"provides.{index}.route.stripPath", cause, cure)


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
