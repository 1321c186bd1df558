"""Networks: nobody gets in but through the load balancer, and what passed is written down."""

from collections.abc import Iterator, Mapping
from typing import Final

from policies.cloud.companions import Link
from policies.cloud.google_firewalls import OPENINGS, Opening
from policies.cloud.security_groups import DEFAULT, GROUP, INGRESS, INGRESS_RULE, RULE, Ingress, ingresses
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, Violation, sorts
from policies.core.world import World
from policies.network.addresses import INTERNET, Space, cidr_at, space
from policies.objects import Object
from policies.objects.values import MalformedError, UndeterminedError, View
from policies.rules.cloud.group import CLOUD, PROGRAM

WEB: Final = (80, 443)
BALANCERS: Final = (
    "Gateway.gateway.networking.k8s.io",
    "Ingress.networking.k8s.io",
)
MUCH: Final = 1 << 24
"""Public IPv4 addresses that are as good as everybody: a /8, more than any company but a few has."""
PART: Final = 1 << 16
"""Public addresses one rule must hold to be a part of the internet, and no office's (a /16)."""
MUCH_IPV6: Final = 1 << 96
"""The same of IPv6: a /32, what a provider gets."""
_IPV4: Final = space(["0.0.0.0/0"])


def is_world(some: Space) -> bool:
    """Whether `some` is the internet, or so much of it that it makes no difference."""
    public = some & INTERNET
    return (public & _IPV4).size >= MUCH or (public - _IPV4).size >= MUCH_IPV6


def _reach(ingress: Ingress) -> Space:
    return space(cidr_at(each) for each in ingress.ranges if not _is_list(each))


def _is_list(source: View) -> bool:
    """Whether `source` is a list of ranges by its id, not a range."""
    return "prefixList" in source.path


def _ports(ingress: Ingress) -> tuple[float, float]:
    if ingress.protocol.word.casefold() in ("-1", "all", ""):
        return 0, 65_535
    first, last = ingress.view["fromPort"].number, ingress.view["toPort"].number
    return (first or 0, 65_535 if last is None else last)


def _group(ingress: Ingress) -> object:
    """Whose rule it is: the group itself, or the group it names; rules of groups not made yet are one group."""
    if ingress.object.sort in (GROUP, DEFAULT):
        return ingress.object
    named = ingress.view["securityGroupId"]
    return named.word if named.is_known else ""


def _together(world: World) -> Mapping[object, Mapping[tuple[float, float], Space]]:
    """What each group lets in, by ports. A rule that cannot be read has its own verdict."""
    found: dict[object, dict[tuple[float, float], Space]] = {}
    for thing in world.of(*sorted(INGRESS.sorts or ())):
        try:
            for each in ingresses(thing):
                group, ports = found.setdefault(_group(each), {}), _ports(each)
                group[ports] = group.get(ports, Space()) | _reach(each)
        except (MalformedError, UndeterminedError):
            continue
    return found


@CLOUD.stack(
    "aws-sg-no-world",
    "M/M/M",
    CRITICAL,
    INGRESS,
    why="Every open port on the internet is tried by somebody within the hour.",
    cure="Name a security group or our own ranges; only a load balancer's 443 and 80 are the world's",
    where=PROGRAM,
    sources=("CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "AWSGuard"),
)
def sg_no_world(ingress: Ingress, world: World) -> Iterator[Violation]:
    if _is_mixed(ingress, world):
        yield Violation("", "is a rule of its own for a group that has rules inside, so each update undoes the other")
    is_web = ingress.is_one_port and any(ingress.opens(port) for port in WEB)
    if is_web and any(world.of(sort) for sort in BALANCERS):
        return
    reach, (first, last) = _reach(ingress), _ports(ingress)
    if (reach & INTERNET).size < PART:
        return
    # Half of the internet here and the other half in the next rule is the internet; an office beside it is not.
    for (low, high), more in world.once(_together).get(_group(ingress), {}).items():
        if low <= last and first <= high and not is_world(reach):
            reach |= more
    if is_world(reach):
        yield Violation(ingress.ranges[0], "lets the internet in")


def _is_mixed(ingress: Ingress, world: World) -> bool:
    if ingress.object.sort not in (RULE, INGRESS_RULE):
        return False
    named = ingress.view["securityGroupId"]
    return named.is_known and any(
        each.props.get("id") == named.value and (each.props.get("ingress") or each.props.get("egress"))
        for each in world.of(GROUP, DEFAULT)
        if named.is_set
    )


VPC: Final = "aws:ec2/vpc:Vpc"
FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
OF_VPC: Final = Link(named="vpcId", own="id")
ENDPOINTS: Final = ("ecr.api", "ecr.dkr", "kms", "s3", "sts")
"""What pods ask of AWS all the time; without an endpoint it goes over the internet, and costs by the byte."""


@CLOUD.stack(
    "aws-vpc-baseline",
    "A/M/M",
    HIGH,
    sorts(VPC),
    why="Without flow logs nobody can say where the data went; the default group lets in whatever forgot to name one.",
    cure="Add a flow log of all traffic, an empty DefaultSecurityGroup, and in production endpoints for AWS' services",
    where=PROGRAM,
    sources=("CIS-AWS 3.9", "CIS-AWS 5.4", "CKV2_AWS_11", "CKV2_AWS_12", "EKS best practices: network"),
)
def vpc_baseline(vpc: Object, world: World) -> Iterator[Violation]:
    logs = [each for each in _of_vpcs(world, FLOW_LOG) if each.root["trafficType"].word in ("", "ALL")]
    if not OF_VPC.enough(vpc, world.of(VPC), logs):
        yield Violation("", "has no flow log of all traffic of its own")
    groups = _of_vpcs(world, DEFAULT)
    if not OF_VPC.enough(vpc, world.of(VPC), groups):
        yield Violation("", "has no DefaultSecurityGroup of its own, so AWS' own stays open among its members")
    for group in OF_VPC.parts(vpc, groups):
        for way in ("ingress", "egress"):
            if any(True for _ in group.root[way]):
                yield Violation(group.root[way], "lets something through in the default group", on=group)
    if world.facts.environment == "prod":
        made = _of_vpcs(world, "aws:ec2/vpcEndpoint:VpcEndpoint")
        missing = [name for name in ENDPOINTS if not OF_VPC.enough(vpc, world.of(VPC), _to(name, made))]
        if missing:
            yield Violation("", f"has no endpoint of its own for {', '.join(missing)}")


def _of_vpcs(world: World, sort: str) -> list[Object]:
    """Those of `sort` that are of a VPC: a flow log may be a subnet's."""
    return [each for each in world.of(sort) if each.root["vpcId"].is_set]


def _to(name: str, endpoints: list[Object]) -> list[Object]:
    return [each for each in endpoints if each.root["serviceName"].word.endswith(f".{name}")]


IAP: Final = space(["35.235.240.0/20"])
"""Google's Identity-Aware Proxy ("TCP forwarding"): public addresses that are nobody else's."""
CLOSED: Final = frozenset({22, 3306, 3389, 5432, 6379, 9092, 9200, 27017})
"""SSH, RDP and stores: no public address reaches them at all."""


@CLOUD.resource(
    "gcp-firewall-no-world",
    "M/M/M",
    CRITICAL,
    OPENINGS,
    why="Every open port on the internet is tried by somebody within the hour.",
    cure="Name our own ranges, tags or accounts; only 443 and 80 to a load balancer's targets are the world's",
    where=PROGRAM,
    sources=("CKV_GCP_2", "CKV_GCP_3", "CKV_GCP_75", "CKV_GCP_77"),
)
def firewall_no_world(opening: Opening, _: Facts) -> Iterator[Violation]:
    reach, protocol, ports = opening.reach, opening.protocol, opening.ports
    if is_world(reach):
        is_web = protocol in ("tcp", "6") and not ports.is_empty and {each.quantity for each in ports} <= {"80", "443"}
        if not (opening.is_targeted and is_web):
            yield Violation(opening.view, "is open to the internet")
    elif (reach & INTERNET) - IAP and (closed := [port for port in sorted(CLOSED) if _opens(protocol, ports, port)]):
        yield Violation(opening.view, f"opens port {closed[0]} to public addresses")


def _opens(protocol: str, ports: View, port: int) -> bool:
    if protocol not in ("all", "tcp", "6"):
        return False
    if protocol == "all" or ports.is_empty:
        return True
    return any(_within(each.quantity or "", port) for each in ports)


def _within(written: str, port: int) -> bool:
    """`22` or `20-25`. What is neither is taken for everything."""
    first, dash, last = written.partition("-")
    numbers = [first, last] if dash else [first, first]
    if not all(number.isdecimal() and len(number) < 6 for number in numbers):
        return True
    return int(numbers[0]) <= port <= int(numbers[1])
