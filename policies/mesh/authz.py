"""AuthorizationPolicies as Istio reads them: whom one admits, and whether a request would pass.

What cannot be decided from the objects (an address, a claim's value) never counts as passing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import names
from policies.core.world import World
from policies.mesh.edges import REST, segments, within
from policies.mesh.mode import selector
from policies.objects import Object
from policies.objects.values import View

AUTHORIZATION_POLICY: Final = "AuthorizationPolicy.security.istio.io"
DRY_RUN: Final = "istio.io/dry-run"


def action(policy: Object) -> str:
    """ALLOW where nothing is said."""
    return policy.spec["action"].word or "ALLOW"


def is_dry_run(policy: Object) -> bool:
    """Whether it only logs. Istio takes every spelling of true that Go does; whatever is not false counts here."""
    note = policy.annotations[DRY_RUN]
    return note.is_set and note.word.lower() not in ("", "false", "f", "0")


def is_aimed(policy: Object) -> bool:
    """Whether it is for some of the workloads of its namespace only."""
    return bool(selector(policy)) or is_attached(policy)


def is_attached(policy: Object) -> bool:
    """Whether it is for what it names by reference (a waypoint, a gateway): the proxy of a pod does not read it."""
    return not policy.spec["targetRef"].is_empty or not policy.spec["targetRefs"].is_empty


def closes(policy: Object) -> bool:
    """Whether it refuses whatever no other policy allows: an ALLOW for all workloads that has no rule."""
    return (
        action(policy) == "ALLOW" and policy.spec["rules"].is_empty and not is_aimed(policy) and not is_dry_run(policy)
    )


def policies(world: World, namespace: str) -> tuple[Object, ...]:
    """The AuthorizationPolicies of `namespace`."""
    return world.once(_by_namespace).get(namespace, ())


def _by_namespace(world: World) -> Mapping[str, tuple[Object, ...]]:
    found: dict[str, list[Object]] = {}
    for thing in world.of(AUTHORIZATION_POLICY):
        found.setdefault(thing.namespace, []).append(thing)
    return {namespace: tuple(several) for namespace, several in found.items()}


def applying(world: World, namespace: str, labels: Mapping[str, str]) -> tuple[Object, ...]:
    """The policies in force for pods with `labels` in `namespace`: its own and the root namespace's."""
    both = (*policies(world, namespace), *(policies(world, names.ISTIO) if namespace != names.ISTIO else ()))
    ours = (policy for policy in both if not is_dry_run(policy) and not is_attached(policy))
    return tuple(policy for policy in ours if selector(policy).items() <= labels.items())


def identity(principal: str, trust_domain: str) -> str | None:
    """`namespace/account` of `principal`; None for another trust domain's or no identity of a pod."""
    domain, ns, namespace, sa, account, *rest = (*principal.split("/"), "", "", "", "", "")
    mine = domain in (trust_domain, names.DOMAIN)  # Istio takes cluster.local for its own domain, whatever that is
    return f"{namespace}/{account}" if mine and (ns, sa) == ("ns", "sa") and not any(rest) and account else None


USERS: Final = "requestPrincipals"
OF_USERS: Final = "request.auth."
"""Conditions that begin so are about a user's token."""


def needs_token(rule: View, source: View) -> bool:
    """Whether `rule` of an ALLOW lets `source` in only with a user's token. A claim that must *not* have some value
    does not count: a request without a token has no claims."""
    claims = (condition for condition in rule["when"] if condition["key"].word.startswith(OF_USERS))
    return not source[USERS].is_empty or any(not claim["values"].is_empty for claim in claims)


def account(text: str, own: str) -> str:
    """`namespace/account` of an entry of serviceAccounts in a policy of the namespace `own`."""
    return text if "/" in text else f"{own}/{text}"


def pattern(text: str) -> tuple[str, ...]:
    """The segments of a path in a policy; never fewer paths than it means."""
    if "{" in text or "*" not in text:
        return segments(text)
    before = text.partition("*")[0]
    return (*segments(before)[:-1], REST) if before else (REST,)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request."""

    identity: str
    """`namespace/account`."""
    port: int
    method: str
    """"" of bytes, which have no method and no path."""
    path: str
    token: bool


def passes(applied: Iterable[Object], request: Request, trust_domain: str) -> bool:
    """Whether `request` is allowed by one of `applied` and denied by none."""
    allowed = False
    for policy in applied:
        kind = action(policy)
        if kind in ("ALLOW", "DENY") and any(
            _matches(rule, request, policy, trust_domain) for rule in policy.spec["rules"]
        ):
            if kind == "DENY":
                return False
            allowed = True
    return allowed


def admits(applied: Iterable[Object], request: Request, trust_domain: str) -> bool:
    """Whether a proxy lets `request` through: nothing denies it, and it is allowed, or there is no ALLOW at all."""
    several = tuple(applied)
    if any(action(policy) == "ALLOW" for policy in several):
        return passes(several, request, trust_domain)
    denying = (policy for policy in several if action(policy) == "DENY")
    return not any(_matches(rule, request, policy, trust_domain) for policy in denying for rule in policy.spec["rules"])


def _matches(rule: View, request: Request, policy: Object, trust_domain: str) -> bool:
    return (
        _any(rule["from"], "source", lambda source: _is_from(source, request, policy.namespace, trust_domain))
        and _any(rule["to"], "operation", lambda operation: _asks(operation, request))
        and all(_holds(condition, request) for condition in rule["when"])
    )


def _any(items: View, field: str, matches: Callable[[View], bool]) -> bool:
    return items.is_empty or any(matches(item[field]) for item in items)


def _is_from(source: View, request: Request, own: str, trust_domain: str) -> bool:
    namespace = request.identity.partition("/")[0]
    principal = f"{trust_domain}/ns/{namespace}/sa/{request.identity.partition('/')[2]}"

    def is_principal(text: str) -> bool:
        return identity(text, trust_domain) == request.identity or _alike(text, principal)

    tests = {
        "principals": is_principal,
        "namespaces": lambda text: _alike(text, namespace),
        "serviceAccounts": lambda text: account(text, own) == request.identity,
        USERS: lambda _: request.token,
    }
    return _fields(source, tests)


def _asks(operation: View, request: Request) -> bool:
    tests = {
        "ports": lambda text: text == str(request.port),
        "methods": lambda text: _alike(text, request.method),
        "paths": lambda text: _is_path(text, request.path),
    }
    return _fields(operation, tests)


def _fields(view: View, tests: Mapping[str, Callable[[str], bool]]) -> bool:
    """Whether every field of `view` holds; one that is not among `tests` cannot be decided, so it does not."""
    for field, place in view.entries():
        negative = field.startswith("not")
        name = f"{field[3:4].lower()}{field[4:]}" if negative else field
        if place.is_empty:
            continue
        if name not in tests:
            return False
        if any(map(tests[name], place.words)) == negative:
            return False
    return True


def _holds(condition: View, request: Request) -> bool:
    # A user's token is taken to be a good one; anything else about a request is not known here.
    return condition["key"].word.startswith(OF_USERS) and request.token and condition["notValues"].is_empty


def _is_path(text: str, path: str) -> bool:
    return bool(path) and within(segments(path), segments(text)) if "{" in text else _alike(text, path)


def _alike(text: str, value: str) -> bool:
    if text == "*":
        return bool(value)
    if text.endswith("*"):
        return value.startswith(text[:-1])
    return value.endswith(text[1:]) if text.startswith("*") else value == text
