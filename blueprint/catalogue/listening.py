"""Where a service listens, and whether what is said of its ports can be meant.

The checks are over several parts of a service's file, so its `Spec` asks for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from blueprint.catalogue.offering import Provide
from blueprint.catalogue.promising import Metrics
from blueprint.catalogue.running import Container
from blueprint.text import Checked, Fault, Host, PortName, PortNumber, Text

FIRST_PORT: Final = 1024
"""The first port that any user may listen on (Linux, net.ipv4.ip_unprivileged_port_start). Some container runtimes
lower it, others do not, and a catalogue must run on all of them."""


MESH_PORTS: Final = range(15000, 15091)
"""Where the mesh's proxy listens itself, in the pod and, for what goes out, on the ports of Services."""


class PublicPort(Text):
    """The public reaches a port of the service through the gateway: bytes over TLS, which the gateway ends."""

    host: Host | None = None
    """The name clients connect to, one of the stack's `gateway.hosts`, whose certificate the gateway shows; by it the
    gateway tells the services on one port apart (SNI). Unset: the first of those."""
    port: Annotated[int, Field(ge=1024, le=65535)]
    """TCP port that clients connect to, such as 8883 (MQTT over TLS): one of the stack's `gateway.streams`."""
    reason: Annotated[str, Field(min_length=10, max_length=300)]
    """Why strangers may speak to it, for the reviewer: the gateway asks nobody on it for a token, and limits nobody."""


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
    public: PublicPort | None = None
    """Opens a port that is `tcp` to the internet. Unset: only callers that consume an API on it reach it."""

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


def opened(service: Ports | None) -> tuple[tuple[str, Port, PublicPort], ...]:
    """The public ports of `service`, with their names, sorted by those."""
    ports = sorted(service.ports.items()) if service else ()
    return tuple((name, port, port.public) for name, port in ports if port.public)


def carried(service: Ports | None, *, runs_to_its_end: bool, switches: bool) -> Iterator[Fault]:
    """Each public port is one to which the gateway can carry bytes, of a service that `runs_to_its_end` (a cronjob) or
    `switches` all requests at once (blueGreen)."""
    for name, port, _ in opened(service):
        place = f"service.ports.{name}.public"
        if port.app_protocol == "tls":
            cause = f"leads to '{name}', which waits for TLS, but the gateway ends it and passes plain bytes on"
            yield Fault(place, cause, "Let the program listen without TLS and set that port's appProtocol to tcp")
        elif port.app_protocol != "tcp":
            cause = f"leads to '{name}', which is {port.app_protocol}: requests would pass without token and limit"
            yield Fault(place, cause, "Give its API a route in provides, or set that port's appProtocol to tcp")
        if runs_to_its_end:
            cause = "is on a cronjob, which cannot be reached between its runs"
            yield Fault(place, cause, "Offer it from a service of type service")
        if switches:
            cause = "cannot wait for a promotion: bytes reach the pods of both versions (blueGreen)"
            yield Fault(place, cause, "Set rollout.strategy to rolling or canary")


def asked(containers: Mapping[str, Container], ports: Mapping[str, Port]) -> Iterator[Fault]:
    """A probe that names its port names one of the service's; by number it is the pods' own, not the Service's."""
    led = {port.port: (called, port.target) for called, port in ports.items() if port.port != port.target}
    listened = {port.target for port in ports.values()}
    for name, container in sorted(containers.items()):
        for field, probe in container.written_probes.items():
            if isinstance(probe.port, str) and probe.port not in ports:
                cause = f"'{probe.port}' is no port of this service"
                yield Fault(f"containers.{name}.{field}.{probe.way}.port", cause, _known(ports))
            elif name == "main" and probe.port in led and probe.port not in listened:
                called, target = led[probe.port]
                cause = f"is {probe.port}, where the Service answers; the container listens on {target}"
                yield Fault(f"containers.{name}.{field}.{probe.way}.port", cause, f"Write {called}, or {target}")


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
