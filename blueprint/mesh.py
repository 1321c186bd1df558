"""Who may ask what of whom, how calls are routed, timed and retried, and when a failing pod is left alone.

Per service: who is admitted (by identity, method, path and port), what its proxy knows of the world, and how others'
requests spread over its pods. How its own requests to others behave is `blueprint.calls`'.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.apis import HTTP_PROTOCOLS, Request, port, request
from blueprint.backing import Backing
from blueprint.calls import ENDLESS, Calls, Rule, calls, once, taken_for
from blueprint.catalogue import Service
from blueprint.catalogue.balancing import Affinity
from blueprint.catalogue.promising import Resilience
from blueprint.context import Context
from blueprint.delivery import BlueGreen, Canary, Delivery
from blueprint.network import Call, Entrance, Opening, Outside
from blueprint.network_rules import Addresses
from blueprint.paths import within
from blueprint.quantities import seconds
from blueprint.settings import Identity, Settings


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """What holds for the whole mesh, from its first object."""

    trust_domain: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a caller may ask: methods on paths."""

    methods: tuple[str, ...]
    """Empty: any."""
    paths: tuple[str, ...]
    """In Istio's templates: {*} is a segment, {**} the rest. Empty: any."""
    excluded: tuple[str, ...] = ()
    """Paths that a template of these would take in, but that are other operations: whoever may ask for /a/{id} may
    not for that ask for /a/all."""


@dataclass(frozen=True, kw_only=True)
class AuthorizationRule:
    """One caller is admitted to one API."""

    name: str
    """Unique in the namespace."""
    principal: str
    """Identity of the caller."""
    port: int
    """Of the pods: their proxy looks when the Service has led there."""
    operations: tuple[Operation, ...]
    """Empty: anything on the port."""
    issuers: tuple[str, ...]
    """Whose token the request must carry; empty: no token is asked for."""


@dataclass(frozen=True, kw_only=True)
class TrafficPolicy:
    """How requests to a service reach its pods."""

    host: str
    """The service's own address."""
    target: str
    """The address they are sent to: its own, or that of the active version."""
    ports: tuple[int, ...]
    """HTTP ports of the Service. Each has routes of its own: the one that Argo Rollouts adds for a header knows no
    second port."""
    split: bool
    """Whether a stable and a canary share them."""
    resilience: Resilience
    affinity: Affinity | None
    """Whose requests stay at one pod; None: nobody's."""
    public: tuple[Rule, ...]
    """How the gateway's requests behave; empty: it sends none."""


@dataclass(frozen=True, kw_only=True)
class External:
    """Something outside the mesh, as the proxies know it."""

    host: str
    """Its DNS name; where it is known by addresses, a name that stands for them and that nobody resolves."""
    addresses: tuple[str, ...]
    """Address ranges, for what is in a subnet of the cloud; empty: DNS says where it is."""
    ports: tuple[tuple[int, str], ...]
    """Number and protocol (TLS, HTTP, TCP)."""


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One service's part in the mesh."""

    service: str
    namespace: str
    authorization: tuple[AuthorizationRule, ...]
    scope: tuple[str, ...]
    """Namespaces its proxy knows besides its own."""
    calls: tuple[Calls, ...]
    traffic: TrafficPolicy | None
    """None: it listens on no HTTP port."""
    externals: tuple[External, ...]
    tokens: Identity | None
    """Whose tokens its proxy checks; None: it has no public route that asks for one."""


def decide(settings: Settings) -> Mesh | None:
    """What holds for the whole mesh, or None without one."""
    return Mesh(trust_domain=settings.mesh.trust_domain) if settings.mesh.mode == "sidecar" else None


def membership(
    service: Service, context: Context, *, delivery: Delivery, backings: Sequence[Backing]
) -> Membership | None:
    """The part of `service` in the mesh, or None without one. `backings` are the stores and brokers it uses."""
    settings = context.settings
    if settings.mesh.mode == "none":
        return None
    name, edges = service.name, context.network.of(service.name)
    guarded = {entrance.api for entrance in edges.entrances} & {
        provide.api for provide in service.spec.provides if provide.route and provide.route.auth.type == "jwt"
    }
    providers = sorted({call.provider for call in edges.outgoing})
    issuers = tuple(sorted(issuer.issuer for issuer in settings.identity.issuers.values()))
    authorization = [_authorization_rule(call, service, context) for call in edges.incoming]
    authorization += [
        _public(entrance, service, settings.mesh.trust_domain, issuers if entrance.api in guarded else ())
        for entrance in edges.entrances
    ]
    authorization += [_opened(opening, settings.mesh.trust_domain) for opening in edges.openings]
    scope = {names.OBSERVABILITY, *map(context.namespace, providers)}
    scope |= {backing.namespace for backing in backings if backing.namespace}
    return Membership(
        service=name,
        namespace=context.namespace(name),
        authorization=tuple(sorted(authorization, key=lambda rule: rule.name)),
        scope=tuple(sorted(scope)),
        calls=tuple(calls(provider, edges.outgoing, context) for provider in providers),
        traffic=_traffic(service, delivery, edges.entrances, context),
        externals=(*_externals(edges.outside), *_subnets(context.namespace(name), backings)),
        tokens=settings.identity if guarded else None,
    )


_PARAMETER: Final = re.compile(r"\{[^}]*\}")


def template(path: str) -> str:
    """`path` in Istio's words: `{id}` becomes `{*}`, one segment."""
    return _PARAMETER.sub("{*}", path)


def _operations(requests: tuple[Request, ...], offered: Set[Request]) -> tuple[Operation, ...]:
    """`requests` with those of the same method together: fewer rules, the same meaning. `offered` is all there is."""
    grouped: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for mine in requests:
        own = {template(asked.path) for asked in requests if asked.method == mine.method}
        # A path without a parameter holds no other one: most of a long list need not be compared with all of it.
        near = [other for other in offered if other.method == mine.method] if _PARAMETER.search(mine.path) else []
        others = {other.path for other in near if within(other.path, mine.path)}
        excluded = tuple(sorted({template(path) for path in others} - own))
        grouped.setdefault((mine.method, excluded), set()).add(template(mine.path))
    return tuple(
        Operation(methods=(method,), paths=tuple(sorted(paths)), excluded=excluded)
        for (method, excluded), paths in sorted(grouped.items())
    )


def _offered(service: Service, number: int) -> Set[Request]:
    """Every operation of `service` on the port `number` of its Service, whichever API lists it."""
    return {
        request(operation)
        for provide in service.spec.provides
        if port(service, provide) == number
        for operation in provide.operations
    }


def _authorization_rule(call: Call, service: Service, context: Context) -> AuthorizationRule:
    caller, trust_domain = context.namespace(call.caller), context.settings.mesh.trust_domain
    return AuthorizationRule(
        name=names.from_(call.caller, call.api),
        principal=names.principal(caller, names.service_account(call.caller), trust_domain),
        port=call.target_port,
        operations=_operations(call.requests, _offered(service, call.port)) if call.protocol in HTTP_PROTOCOLS else (),
        issuers=(),
    )


def _public(entrance: Entrance, service: Service, trust_domain: str, issuers: tuple[str, ...]) -> AuthorizationRule:
    below_paths = tuple(sorted({spelling for path in entrance.asked for spelling in _below(path)}))
    return AuthorizationRule(
        name=names.public(entrance.api),
        principal=names.principal(names.KONG, names.GATEWAY_ACCOUNT, trust_domain),
        port=entrance.target_port,
        operations=_operations(entrance.requests, _offered(service, entrance.port))
        or (Operation(methods=(), paths=below_paths),),
        issuers=issuers,
    )


def _opened(opening: Opening, trust_domain: str) -> AuthorizationRule:
    return AuthorizationRule(
        name=names.public("port", opening.name),
        principal=names.principal(names.KONG, names.GATEWAY_ACCOUNT, trust_domain),
        port=opening.target_port,
        operations=(),
        issuers=(),
    )


def _below(prefix: str) -> tuple[str, ...]:
    """`prefix` and everything below it, by whole segments."""
    return ("/{**}",) if prefix == "/" else (prefix, f"{prefix}/{{**}}")


def _traffic(
    service: Service, delivery: Delivery, entrances: Sequence[Entrance], context: Context
) -> TrafficPolicy | None:
    listening = service.spec.service.ports if service.spec.service else {}
    ports = tuple(sorted(port.port for port in listening.values() if port.app_protocol in HTTP_PROTOCOLS))
    if not ports:
        return None
    budgets = {provide.api: provide.timeout for provide in service.spec.provides}
    active = delivery.active if isinstance(delivery, BlueGreen) else service.name
    return TrafficPolicy(
        host=context.address(service.name),
        target=names.address(active, context.namespace(service.name)),
        ports=ports,
        split=isinstance(delivery, Canary) and delivery.weighted,
        resilience=service.spec.resilience,
        affinity=service.spec.affinity,
        public=tuple(_public_rules(entrances, budgets)),
    )


def _public_rules(entrances: Sequence[Entrance], budgets: Mapping[str, str]) -> list[Rule]:
    """Two rules per port for the gateway: streams without a timeout, and the longest time any API on it may take. No
    retry: the client's proxy cannot know what a person already clicked twice."""
    rules = []
    for number in sorted({entrance.port for entrance in entrances}):
        here = [entrance for entrance in entrances if entrance.port == number]
        asked = [request for entrance in here for request in entrance.requests]
        longest = max(seconds(budgets[entrance.api]) for entrance in here)
        streams = tuple(dict.fromkeys(request for request in asked if request.streaming))
        others = dict.fromkeys(request for request in asked if not request.streaming)
        if timed := tuple(request for request in others if any(taken_for(request, of) for of in streams)):
            rules.append(once(f"port-{number}-once", number, longest, timed))
        if streams:
            rules.append(once(f"port-{number}-streaming", number, ENDLESS, streams))
        rules.append(once(f"port-{number}", number, longest))
    return rules


def _externals(outside: Sequence[Outside]) -> tuple[External, ...]:
    return tuple(
        External(
            host=host,
            addresses=(),
            ports=tuple(sorted((edge.port, edge.protocol) for edge in outside if edge.host == host)),
        )
        for host in sorted({edge.host for edge in outside})
    )


def _subnets(namespace: str, backings: Sequence[Backing]) -> tuple[External, ...]:
    """The stores and brokers that are not in the cluster: a proxy sends nothing to an address it does not know."""
    return tuple(
        External(
            host=f"{backing.egress}.{namespace}.internal",
            addresses=tuple(sorted(peer.cidr for peer in backing.reached_at if isinstance(peer, Addresses))),
            ports=tuple((port, "TCP") for port in sorted(backing.ports)),
        )
        for backing in backings
        if backing.namespace is None
    )
