"""What the policies let through is what was declared, both ways; and every pod can resolve names."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from policies.core.charts import is_charts
from policies.core.rule import CRITICAL, HIGH, STACK, Violation, sorts
from policies.core.world import WORKLOADS, World
from policies.network.addresses import Space, union
from policies.network.ports import shown
from policies.network.reach import Direction, End, Isolation, Opening
from policies.objects import Object
from policies.objects.values import MalformedError, UndeterminedError
from policies.rules.net.group import CONSUMES, NET, PLATFORM, is_foreign
from policies.rules.net.platform import DNS, DNS_PORTS, ISTIOD, XDS_PORT
from policies.rules.net.table import OUTSIDE, Judged, Table, Wanted, is_tenant, judged, table, wanted

_NOTHING: Final = Wanted()
_WAYS: Final[Mapping[Direction, str]] = {"Ingress": "in to", "Egress": "out of"}
_DIRECTIONS: Final[tuple[Direction, ...]] = ("Ingress", "Egress")


@NET.stack(
    "net-reachability",
    "M/M/M",
    CRITICAL,
    STACK,
    why="A connection no one declared lets one compromised service reach the others; a missing one is an outage.",
    cure="Declare the edge in the catalogue, or take away what opens it; a platform edge has a line in "
    "policies/rules/net/platform.py",
    where=CONSUMES,
    sources=("netpol-analyzer", "docs/decisions/0013-isolation-is-proven-by-an-independent-tool.md"),
)
def reachability(_: None, world: World) -> Iterator[Violation]:
    """Each end and direction by itself. A connection needs both ends, so judging connections would hide an end that is
    open too wide behind one that is closed; and where every end is as declared, so is every connection."""
    if world.facts.services is None:
        return
    known, asked = world.once(table), world.once(wanted)
    for one in judged(world):
        for direction in _DIRECTIONS:
            isolation = known.reach.isolation(one.end, direction)
            want = asked.get((one.like, direction), _NOTHING)
            if isolation.closed:
                yield from _extra(one, direction, isolation, want, world)
            # What cannot be read may be just what is missing.
            if one.namespace and not known.unread:
                missing = _missing(one, direction, isolation, want, world)
                yield from missing if isolation.closed else _open(one, direction)
    ours = {one.end.namespace for one in judged(world)}
    for thing in world.objects:
        if thing.namespace in ours and is_foreign(thing):
            yield Violation("kind", "lets traffic through beside the NetworkPolicies, unseen by this table", on=thing)
    yield from _unread(known, world)


def _unread(known: Table, world: World) -> Iterator[Violation]:
    """What kept the table from being whole, each by its object; what is only known later comes last."""
    for thing, error in known.unread.items():
        if isinstance(error, MalformedError):
            # A finding about a chart's object is advice; that the table is incomplete is not, so it names no object.
            on = None if is_charts(thing, world.facts) else thing
            yield Violation(error.path, f"is {error.found}, so what it opens cannot be known", on=on)
    for thing, error in known.unread.items():
        if isinstance(error, UndeterminedError):
            raise UndeterminedError(f"{thing.title} {error.path}")


def _open(one: Judged, direction: Direction) -> Iterator[Violation]:
    found = f"has no policy that closes {one.end.name} for {direction}: everything passes"
    yield Violation("", found, on=one.namespace)


def _extra(one: Judged, direction: Direction, isolation: Isolation, want: Wanted, world: World) -> Iterator[Violation]:
    for opening in isolation.openings:
        who: list[Callable[[], str]] = [lambda: "everyone"] if opening.anyone else []
        for other, opened in opening.ends.items():
            anybody = want.anybody if other.namespace in world.facts.service else 0
            if surplus := opened & ~(want.may.get(other, 0) | anybody):
                who.append(partial(_with_ports, _shown(other), surplus))
        if not opening.anyone:
            who += [partial(_with_ports, space.shown, some) for space, some in _beyond(opening, want)]
        if who:
            few = ", ".join(say() for say in who[:3]) + (f" and {len(who) - 3} more" if len(who) > 3 else "")
            found = f"opens a way {_WAYS[direction]} {one.end.shown} that the catalogue does not declare: {few}"
            yield Violation(opening.at, found, on=opening.policy)


def _with_ports(who: str, some: int) -> str:
    return f"{who} ({shown(some)})"


def _shown(other: End) -> str:
    return "any namespace" if other.namespace == OUTSIDE else other.shown


def _missing(
    one: Judged, direction: Direction, isolation: Isolation, want: Wanted, world: World
) -> Iterator[Violation]:
    for other, edges in want.must.items():
        if is_tenant(other.namespace, world.facts) and not world.declares(other.namespace):
            continue  # the stack that makes the service opens both ends of its edges
        let = isolation.lets(other)
        for needed, why in edges:
            if lacking := needed & ~let:
                found = f"has no way {_WAYS[direction]} {one.end.name} for {other.shown} on {shown(lacking)}: {why}"
                yield Violation("", found, on=one.namespace)
    for zone, needed, why in want.zones:
        lacking = 0
        for part in _parts(needed, [opening.ports for opening in isolation.openings]):
            if zone.must - union(opening.addresses for opening in isolation.openings if not part & ~opening.ports):
                lacking |= part
        if lacking:
            found = f"has no way {_WAYS[direction]} {one.end.name} for {zone.name} on {shown(lacking)}: {why}"
            yield Violation("", found, on=one.namespace)


def _beyond(opening: Opening, want: Wanted) -> Iterator[tuple[Space, int]]:
    """The addresses an opening admits without a declared edge, by ports."""
    if not opening.addresses:
        return
    for part in _parts(opening.ports, [needed for _, needed, _ in want.zones]):
        may = union(zone.may for zone, needed, _ in want.zones if not part & ~needed)
        if surplus := opening.addresses - may:
            yield surplus, part


def _parts(whole: int, by: Iterable[int]) -> list[int]:
    """`whole` cut so that each of `by` holds a part wholly or not at all."""
    parts = [whole]
    for cut in set(by):
        parts = [piece for part in parts for piece in (part & cut, part & ~cut) if piece]
    return parts


@NET.stack(
    "net-dns-allowed",
    "M/M/M",
    HIGH,
    sorts(*WORKLOADS),
    why="A pod that cannot resolve names reaches no service; a proxy that cannot reach istiod never becomes ready.",
    cure="Open TCP and UDP 53 to kube-dns, and TCP 15012 to istiod, for every pod of a closed namespace",
    where=PLATFORM,
    sources=("EKS best practices: network",),
)
def dns_allowed(thing: Object, world: World) -> Iterator[Violation]:
    if not world.declares(thing.namespace):
        return
    known = world.once(table)
    end = known.workloads.get(thing)
    if end is None or any(policy.namespace == thing.namespace for policy in known.reach.unread):
        return  # the rules about the workload and the policy say so
    if not known.reach.isolation(end, "Egress").closed:
        return
    needs = [(DNS, DNS_PORTS)] + ([(ISTIOD, XDS_PORT)] if _has_proxy(thing, end, world) else [])
    for pods, needed in needs:
        for other in known.ends(pods):
            if lacking := needed & ~known.reach.between(end, other):
                yield Violation("metadata.namespace", f"keeps its pods from {other.shown} on {shown(lacking)}")


def _has_proxy(thing: Object, end: End, world: World) -> bool:
    labels = world.namespaces[thing.namespace].labels
    injected = labels["istio-injection"].text == "enabled" or labels["istio.io/rev"].is_set
    return world.facts.mesh == "sidecar" and injected and end.labels.get("sidecar.istio.io/inject") != "false"
