"""The public edge by another proxy than the platform's: istiod's own implementation of the Gateway API serves the
stack's HTTPRoutes, and behind its Envoy is the mesh.

Kong cannot run here. What HTTPRoutes mean is the Gateway API's to say, so hosts, prefixes, listeners and who may attach
are observed; what Kong's plugins and annotations add is not, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from blueprint import names
from operations import engine
from operations.exits import RefusedError
from operations.laboratory import mesh, sandbox, tokens
from operations.laboratory.blaming import Blame
from operations.laboratory.copies import Copied, Manifest, read
from operations.laboratory.judging import Judge, Request, request_of
from operations.laboratory.members import Member, Members, assemble
from operations.laboratory.part import Asked, Part
from operations.laboratory.questions import Answer, Answered, Difference, Question, Refused
from operations.laboratory.requests import Requests
from operations.laboratory.scenes import Scene
from policies.core.facts import Facts
from policies.intent.edges import Entrance, intent

OPERATIONS: Final = "public operations"
UNSIGNED: Final = "public operations without a token"
PRIVATE: Final = "operations without a route"
HOSTS: Final = "public operations of another host"
PLAIN: Final = "public operations on the port without TLS"

CONTROLLER: Final = "istio.io/gateway-controller"
_KONG: Final = "konghq.com/kic-gateway-controller"
"""Who serves the classes that are handed to istiod; those of others stay theirs."""
ADDRESS: Final = "laboratory-edge"
"""The Service of the gateway's pod."""
_LISTENS: Final = {80: 8080, 443: 8443}
"""Port of a listener → of the pod: below 1024 none may be opened by the proxy's user."""
_ELSEWHERE: Final = "elsewhere.example.org"
_STRIPPED: Final = "its prefix is taken off, which is Kong's own word"
_UNOBSERVED: Final = (
    "Kong, and what its plugins do: jwt, acl, rate limits, cors, request transformers, correlation ids",
    "TLS and the certificates of the public hosts: listeners are without it here",
    "public ports of bytes: they are Kong's own words",
)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was observed."""

    requests: Requests
    differences: Sequence[Difference | str]
    routes: int

    headline = "what is public is as declared"

    def lines(self) -> Sequence[str]:
        """For people."""
        return self.requests.figures(f"{self.routes} HTTPRoutes, served by an Envoy in Kong's place")

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {**self.requests.entries(self.differences), "routes": self.routes}


def prove(copied: Copied, asked: Asked) -> Proof:
    """Asks every public operation of the services of `copied`, or of those of `asked.only`.

    Raises:
        RefusedError: the stack has no mesh, nothing public runs, or the laboratory does not work.
    """
    mesh.check(asked.facts)
    members = assemble(copied, asked.facts, asked.only)
    edge = _edge(members.gateway)
    entrances = [each for each in intent(asked.facts).entrances if each.service.name in members.services]
    if not entrances:
        raise RefusedError("None of the services has both a public route and a running pod: nothing to observe.")
    serving = replace(members, gateway=edge, seconds={})  # all services: a route may lead to one that is not public
    questions = list(_Public(serving, asked.facts).questions())
    job = mesh.job(
        copied, serving, [Scene(questions=questions)], asked, change=_by_istiod, beside=[_service(edge), _open(edge)]
    )
    found = sandbox.run(job, asked.phase)
    return Proof(
        requests=Requests(
            questions=questions,
            answers=found["answers"],
            proxies=found["proxies"],
            unobserved=(
                *(f"{name}: it has no running pod" for name in members.absent),
                *(f"{each.service.name}/{each.provide.api}: {_STRIPPED}" for each in entrances if _strips(each)),
                *_UNOBSERVED,
            ),
            seconds=found["seconds"],
            memory_bytes=found["memory_bytes"],
        ),
        differences=[
            *unasked(members, asked.facts),
            *_differences(questions, found["answers"], copied, Blame(copied.objects, asked.facts), edge),
        ],
        routes=sum(each["metadata"]["namespace"] in members.services for each in copied.of("HTTPRoute")),
    )


def unasked(members: Members, facts: Facts) -> Iterator[str]:
    """Public services that have no running pod: nothing that was asked holds for them."""
    public = {each.service.name for each in intent(facts).entrances}
    for name in members.absent:
        if name in public:
            yield f"{name} is public and has no running pod, so nothing of it was asked"


def _observe(asked: Asked) -> Proof:
    return prove(read(asked.cluster), asked)


GATEWAY: Final = Part(
    brief="the public edge: every public operation and its refused neighbours, by an Envoy in Kong's place",
    groups=(engine.CONTROL_PLANE, engine.MESH),
    as_root=True,
    check=mesh.check,
    observe=_observe,
)


class _Public:
    """The questions of the world outside."""

    def __init__(self, members: Members, facts: Facts) -> None:
        self._members, self._judge = members, Judge(facts)
        self._user, self._forged = mesh.user_of(facts), mesh.forged_of(facts)
        self._declared = intent(facts)
        settings = facts.settings
        self._host = settings.gateway.hosts[0] if settings and settings.gateway.hosts else ""
        self._domain = settings.domain if settings else ""

    def questions(self) -> Iterator[Question]:
        """In a fixed order."""
        for entrance in self._declared.entrances:
            target = self._members.services.get(entrance.service.name)
            route = entrance.provide.route
            if target and route and not _strips(entrance):
                yield from self._through(entrance, target, route.host or self._host or f"api.{self._domain}")
        for target in self._members.services.values():
            for port in self._judge.ports(target):
                for request in self._judge.offered(target, port.target):
                    if not self._is_public(request):
                        why = f"{target.name} has no route for it"
                        host = self._host or f"api.{self._domain}"
                        yield self._asked(Refused, PRIVATE, why, target, port.target, host, request, token=self._user)

    def _through(self, entrance: Entrance, target: Member, host: str) -> Iterator[Question]:
        port = self._judge.port(target, entrance.provide)
        route = entrance.provide.route
        guarded = route is not None and route.auth.type != "none"
        anything = [Request(method="GET", path=path) for path in route.paths] if route else []
        why = f"{target.name}/{entrance.provide.api} has a public route"
        for request in [request_of(operation) for operation in entrance.provide.operations] or anything:
            if not self._judge.allows(self._members.gateway, target, port.target, request, token=True):
                continue
            own = self._user if guarded else ""
            if own or not guarded:
                yield self._asked(Answered, OPERATIONS, why, target, port.target, host, request, token=own)
            if guarded:
                for about, token in {UNSIGNED: "", **self._forged}.items():
                    users = f"{why}, for users"
                    yield self._asked(Refused, about, users, target, port.target, host, request, token=token)
            yield self._asked(Refused, HOSTS, why, target, port.target, _ELSEWHERE, request, token=own)
            yield self._asked(Refused, PLAIN, why, target, port.target, host, request, token=own, number=80)

    def _is_public(self, request: Request) -> bool:
        """Whether some public API of any service offers it: prefixes are shared by all of one host. Where a prefix is
        taken off, the mesh admits the gateway to whatever is left, and the prefix alone says what is public."""
        stripped = {(each.service.name, each.port) for each in self._declared.entrances if _strips(each)}
        return any(
            self._judge.allows(self._members.gateway, target, port.target, request, token=True)
            for target in self._members.services.values()
            for port in self._judge.ports(target)
            if (target.name, port.target) not in stripped
        ) or any(
            f"{request.path}/".startswith(f"{path.rstrip('/')}/")
            for each in self._declared.entrances
            if (each.service.name, each.port) in stripped and each.provide.route
            for path in each.provide.route.paths
        )

    def _asked(
        self,
        kind: type[Question],
        about: str,
        why: str,
        target: Member,
        target_port: int,
        host: str,
        request: Request,
        *,
        token: str = "",
        number: int = 443,
    ) -> Question:
        return kind(
            about=about,
            why=why,
            source=self._members.internet,
            target=target,
            address=self._members.gateway.address,
            port=_LISTENS[number],
            target_port=target_port,
            host=host,
            method=request.method,
            path=request.path,
            headers=tokens.header(token),
        )


def _strips(entrance: Entrance) -> bool:
    return entrance.provide.route is not None and entrance.provide.route.strip_path


def _edge(gateway: Member) -> Member:
    """The gateway as a proxy that stands by itself."""
    assert gateway.pod is not None, "the gateway is a pod"  # noqa: S101
    label = {"gateway.networking.k8s.io/gateway-name": names.GATEWAY}
    metadata = gateway.pod["metadata"]
    pod = {**gateway.pod, "metadata": {**metadata, "labels": {**metadata["labels"], **label}}}
    return replace(gateway, pod=pod, router=True)


def _service(edge: Member) -> Manifest:
    assert edge.pod is not None, "the gateway is a pod"  # noqa: S101
    ports = [{"name": f"port-{port}", "port": port, "targetPort": pods} for port, pods in _LISTENS.items()]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": ADDRESS, "namespace": names.KONG},
        "spec": {"selector": edge.pod["metadata"]["labels"], "ports": ports},
    }


def _open(edge: Member) -> Manifest:
    """What comes to Kong passes no proxy that asks for leave: so it is at the Envoy in its place."""
    assert edge.pod is not None, "the gateway is a pod"  # noqa: S101
    selector = {"matchLabels": edge.pod["metadata"]["labels"]}
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": ADDRESS, "namespace": names.KONG},
        "spec": {"action": "ALLOW", "selector": selector, "rules": [{}]},
    }


def _by_istiod(copy: Manifest) -> Manifest:
    """The copies that name who serves: istiod, at the laboratory's Service, without certificates."""
    if copy["kind"] == "GatewayClass" and copy["spec"]["controllerName"] == _KONG:
        return {**copy, "spec": {**copy["spec"], "controllerName": CONTROLLER}}
    if copy["kind"] == "Gateway" and copy["spec"].get("gatewayClassName") == names.GATEWAY_CLASS:
        address = {"type": "Hostname", "value": names.address(ADDRESS, names.KONG)}
        listeners = [_without_tls(each) for each in copy["spec"]["listeners"] if each["port"] in _LISTENS]
        return {**copy, "spec": {**copy["spec"], "addresses": [address], "listeners": listeners}}
    return copy


def _without_tls(listener: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**{key: value for key, value in listener.items() if key != "tls"}, "protocol": "HTTP"}


def _differences(
    questions: Sequence[Question], answers: Sequence[Answer], copied: Copied, blame: Blame, edge: Member
) -> Iterator[Difference]:
    for question, answer in zip(questions, answers, strict=True):
        if happened := question.wrong(answer):
            routes = [each for each in copied.of("HTTPRoute") if _takes(each, question.path)]
            leading = tuple(f"HTTPRoute {each['metadata']['namespace']}/{each['metadata']['name']}" for each in routes)
            because = leading or (f"no HTTPRoute takes {question.path}",)
            admitting = blame.admitting(question, edge.identity)
            if not admitting:
                admitting = (f"no AuthorizationPolicy of {question.target.name} admits the gateway to it",)
            why = () if answer["by"] else (question.why,)
            yield Difference(question=question, happened=happened, because=(*why, *because, *admitting))


def _takes(route: Manifest, path: str) -> bool:
    leading = [rule for rule in route["spec"].get("rules", ()) if rule.get("backendRefs")]
    matches = [match for rule in leading for match in rule.get("matches", ())]
    return any(path.startswith(match.get("path", {}).get("value", "/")) for match in matches)
