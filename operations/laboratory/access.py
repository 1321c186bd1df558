"""The questions of a mesh's proof about who may ask what: every declared operation, and its refused neighbours.

A neighbour differs in one thing: method, path, spelling, identity, port, or whether there is a proxy at all. What
nothing declares has to be refused, whoever else may ask it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from blueprint.catalogue.listening import Port
from operations.laboratory import tokens
from operations.laboratory.judging import Request, sample
from operations.laboratory.members import Member, Members
from operations.laboratory.questions import Answered, Forbidden, Question, Refused, Unheard
from operations.laboratory.wire import Wire
from policies.mesh.edges import VERBS, Edge

OPERATIONS: Final = "declared operations"
METHOD: Final = "another method"
PATH: Final = "another path"
UNCONSUMED: Final = "an operation that is not consumed"
SPELLING: Final = "another spelling of the path"
PORT: Final = "another port"
IDENTITY: Final = "another identity"
UNSIGNED: Final = "no token"
PLAIN: Final = "plain text"
SCOPE: Final = "a host out of scope"
EGRESS: Final = "declared hosts outside"

_OUTSIDE: Final = "www.example.org"
_BELOW: Final = "/neighbour"


class Access:
    """Everything that is asked about access."""

    def __init__(self, members: Members, wire: Wire) -> None:
        self._members, self._wire, self._judge = members, wire, wire.judge

    def questions(self) -> Iterator[Question]:
        """In a fixed order."""
        askers = (*self._members.services.values(), self._members.gateway, self._members.visitor)
        for target in self._members.services.values():
            if self._judge.ports(target):
                for source in askers:
                    if source is not target:
                        yield from self._between(source, target)
            yield from self._in_plain_text(target)
        for source in self._members.services.values():
            yield from self._outside(source)

    def _between(self, source: Member, target: Member) -> Iterator[Question]:
        edges = self._judge.edges(source, target)
        for edge in edges:
            yield from self._along(edge, source, target)
        reached = {edge.port for edge in edges}
        everything = source is self._members.visitor
        for port in self._judge.ports(target):
            if port.target not in reached:
                offered = self._judge.offered(target, port.target)
                about = PORT if edges else IDENTITY
                for request in offered if everything else offered[:1]:
                    why = f"{source.name} consumes nothing there"
                    kind = Forbidden if everything else Refused
                    yield from self._refused(about, why, source, target, port, request, kind=kind)

    def _along(self, edge: Edge, source: Member, target: Member) -> Iterator[Question]:
        port = next(each for each in self._judge.ports(target) if each.target == edge.port)
        token = edge.token
        for ask in edge.asks:
            request = sample(ask)
            if not token or self._wire.token:
                yield self._asked(Answered, OPERATIONS, edge.why, source, target, port, request, token=token)
            if token:
                users = f"{edge.why}, for users"
                yield from self._refused(UNSIGNED, users, source, target, port, request)
                for about, forged in self._wire.forged.items():
                    for each in self._refused(about, users, source, target, port, request):
                        yield replace(each, headers={**each.headers, **tokens.header(forged)})
            yield from self._other_method(edge, source, target, port, request)
            below = Request(method=request.method, path=f"{request.path.rstrip('/')}{_BELOW}")
            yield from self._refused(PATH, edge.why, source, target, port, below, token=token, kind=Forbidden)
        if not edge.asks:
            yield self._asked(Answered, OPERATIONS, edge.why, source, target, port, Request(method="GET", path="/"))
            return
        for request in self._judge.offered(target, port.target):
            yield from self._refused(UNCONSUMED, edge.why, source, target, port, request, token=token, kind=Forbidden)
        yield from self._spelled(edge, source, target, port)

    def _other_method(
        self, edge: Edge, source: Member, target: Member, port: Port, request: Request
    ) -> Iterator[Question]:
        for method in VERBS:
            other = Request(method=method, path=request.path)
            found = list(self._refused(METHOD, edge.why, source, target, port, other, token=edge.token, kind=Forbidden))
            if found and method != request.method:
                yield found[0]
                return

    def _spelled(self, edge: Edge, source: Member, target: Member, port: Port) -> Iterator[Question]:
        """The first declared operation and everything else that is offered, with slashes twice and a letter encoded."""
        requests = [sample(edge.asks[0]), *self._judge.offered(target, port.target)]
        for request in dict.fromkeys(requests):
            allowed = self._judge.allows(source, target, port.target, request, token=edge.token)
            if allowed and request != requests[0]:
                continue
            if allowed and edge.token and not self._wire.token:
                continue
            kind = Answered if allowed else Refused
            for path in (request.path.replace("/", "//"), _encoded(request.path)):
                other = Request(method=request.method, path=path)
                yield self._asked(kind, SPELLING, edge.why, source, target, port, other, token=edge.token)

    def _refused(
        self,
        about: str,
        why: str,
        source: Member,
        target: Member,
        port: Port,
        request: Request,
        *,
        token: bool = False,
        kind: type[Refused] = Refused,
    ) -> Iterator[Question]:
        """The question, where nothing else declares what it asks."""
        if not self._judge.allows(source, target, port.target, request, token=token):
            yield self._asked(kind, about, why, source, target, port, request, token=token)

    def _asked(
        self,
        kind: type[Question],
        about: str,
        why: str,
        source: Member,
        target: Member,
        port: Port,
        request: Request,
        *,
        token: bool = False,
    ) -> Question:
        fields = self._wire.fields(source, target, port, request, token=token)
        return kind(about=about, why=why, **fields)

    def _in_plain_text(self, target: Member) -> Iterator[Question]:
        """Who has no proxy, directly to the pod; the mesh's own policies hold for every port of it."""
        spoken = {port.target: port for port in self._judge.ports(target)}
        for number in target.ports:
            offered = self._judge.offered(target, number)[0]
            if number in spoken and not self._judge.sees_requests(spoken[number]):
                continue  # of bytes a proxy says the same whether it did not listen or did not admit
            yield Unheard(
                about=PLAIN,
                source=self._members.stranger,
                target=target,
                address=target.address,
                port=number,
                target_port=number,
                host=f"{target.address}:{number}",
                method=offered.method,
                path=offered.path,
                why="mutual TLS is asked of everybody",
            )

    def _outside(self, source: Member) -> Iterator[Question]:
        """Hosts outside: those it declares, those of others, and one of nobody."""
        hosts = {each for name in self._members.services for each in self._declared(name)}
        own = self._declared(source.name)
        for each in sorted({*hosts, (_OUTSIDE, 80, "HTTP"), (_OUTSIDE, 443, "TLS")}):
            host, number, protocol = each
            fields: dict[str, Any] = {
                "source": source,
                "target": self._members.internet,
                "address": self._members.internet.address,
                "port": number,
                "target_port": number,
                "host": host,
                "method": "GET" if protocol == "HTTP" else "",
                "path": "/" if protocol == "HTTP" else "",
                "server_name": host if protocol == "TLS" else "",
            }
            if each in own:
                yield Answered(about=EGRESS, why=f"{source.name} declares {host}", **fields)
            elif protocol != "TCP":  # which says to no proxy for whom it is: all hosts are one address here
                yield Refused(about=SCOPE, why=f"{source.name} declares no {host}", **fields)

    def _declared(self, service: str) -> frozenset[tuple[str, int, str]]:
        """Host, port and protocol of what `service` reaches outside."""
        return frozenset((each.host, each.port, each.protocol) for each in self._judge.outside(service))


def _encoded(path: str) -> str:
    """`path` with the last letter that is no slash encoded."""
    return f"{path[:-1]}%{ord(path[-1]):02X}" if path != "/" else path
