"""What one member may ask of another, from the edges of the catalogue: the judge's model, not the derivation's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.catalogue.listening import Port
from blueprint.catalogue.needing import Egress
from blueprint.catalogue.offering import GrpcOperation, Operation, Provide
from operations.laboratory.members import Member
from policies.core.facts import Facts
from policies.core.world import World
from policies.mesh.edges import REST, SEEN_REQUESTS, SEGMENT, Ask, Edge, edges, segments, within

SAMPLE: Final = "7"
"""What stands in a path for a parameter."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A method on a path."""

    method: str
    path: str


class Judge:
    """The edges between services, and from the gateway to them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._edges = edges(World(facts, ()))

    def ports(self, target: Member) -> Sequence[Port]:
        """The ports of the Service of `target`, by number."""
        offered = self._facts.service[target.name].spec.service
        return sorted(offered.ports.values(), key=lambda port: port.port) if offered else ()

    def port(self, target: Member, provide: Provide) -> Port:
        """The port that `provide` of `target` is on."""
        offered = self._facts.service[target.name].spec.service
        assert offered is not None, "an API has a port, so its service listens"  # noqa: S101
        return offered.ports[provide.port]

    def outside(self, service: str) -> Sequence[Egress]:
        """The hosts outside that `service` declares."""
        return self._facts.service[service].spec.egress

    def sees_requests(self, port: Port) -> bool:
        """Whether a proxy can tell requests on `port` apart."""
        return port.app_protocol in SEEN_REQUESTS

    def edges(self, source: Member, target: Member) -> Sequence[Edge]:
        """The declared edges from `source` to ports of `target`.

        A service's are those of the account that its catalogue gives it. A running pod may have another one: then it
        is refused what is declared, which has to be seen.
        """
        known = source.name in self._facts.service
        own = f"{source.name}/{names.service_account(source.name)}" if known else source.identity
        return [edge for edge in self._edges[target.name] if edge.identity == own and edge.port is not None]

    def allows(self, source: Member, target: Member, port: int, request: Request, *, token: bool = False) -> bool:
        """Whether an edge from `source` leads to `request` on the pods' `port`, with a user's token or without."""
        return any(
            edge.port == port and (token or not edge.token) and _takes(edge, request)
            for edge in self.edges(source, target)
        )

    def offered(self, target: Member, port: int) -> Sequence[Request]:
        """Every operation on the pods' `port` of `target`, whoever may ask it; one that fits nothing where none is
        listed."""
        here = [edge for edge in self._edges[target.name] if edge.port == port]
        offered = sorted({ask for edge in here for ask in edge.offered}, key=lambda ask: (ask.path, ask.method))
        others = sorted({ask for edge in here for ask in edge.asks}, key=lambda ask: (ask.path, ask.method))
        unasked = [
            request_of(operation)
            for provide in self._facts.service[target.name].spec.provides
            if self.port(target, provide).target == port
            for operation in provide.operations
        ]
        return list(dict.fromkeys((*map(sample, (*offered, *others)), *unasked))) or [NOTHING]


NOTHING: Final = Request(method="GET", path="/")


def sample(ask: Ask) -> Request:
    """A request that is one of `ask`."""
    stands_for = {SEGMENT: SAMPLE, REST: SAMPLE}
    return Request(method=ask.method or "GET", path="/" + "/".join(stands_for.get(part, part) for part in ask.path))


def request_of(operation: Operation) -> Request:
    """A request for `operation`."""
    if isinstance(operation, GrpcOperation):
        return Request(method="POST", path=f"/{operation.rpc}")
    return sample(Ask(operation.method, segments(operation.path)))


def _takes(edge: Edge, request: Request) -> bool:
    """Whether `request` is one of the edge's. A path that a template takes in, and that is an operation by itself, is
    that operation: whoever may ask for /a/{id} may not for that ask for /a/all."""
    if not edge.asks:
        return True
    path = segments(request.path)
    others = [ask for ask in edge.offered if ask not in edge.asks and _is(ask, request.method, path)]
    return any(_is(ask, request.method, path) and not _narrower(others, ask) for ask in edge.asks)


def _is(ask: Ask, method: str, path: tuple[str, ...]) -> bool:
    return ask.method in ("", method) and within(path, ask.path)


def _narrower(others: Iterable[Ask], ask: Ask) -> bool:
    """Whether one of `others` is a case of `ask`. What is below a prefix is one operation, whatever else is there."""
    if REST in ask.path:
        return False
    return any(within(other.path, ask.path) and not within(ask.path, other.path) for other in others)
