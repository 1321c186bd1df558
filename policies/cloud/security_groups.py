"""What AWS' security groups let in, however it is written: inside the group, or as rules of their own.

Names: pulumi-aws 7.51.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.core.rule import Selector
from policies.objects import Object
from policies.objects.values import View

GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EVERY: Final = ("-1", "all")
"""Protocols that are all of them, on all ports, whatever ports are written."""
TCP: Final = ("tcp", "6")


@dataclass(frozen=True)
class Ingress:
    """One rule that lets something in."""

    object: Object
    view: View
    """The rule: an item of `ingress`, or the whole of a rule's resource."""

    @property
    def protocol(self) -> View:
        """tcp, udp, icmp, a number, or -1 for all."""
        return self.view["ipProtocol"] if self.object.sort == INGRESS_RULE else self.view["protocol"]

    @property
    def ports(self) -> View:
        """Where its ports are written."""
        return self.view["fromPort"] if self.view["fromPort"].is_set else self.protocol

    @property
    def ranges(self) -> tuple[View, ...]:
        """Everything it lets in by address: ranges of both families, and lists of them."""
        if self.object.sort == INGRESS_RULE:
            return tuple(each for key in ("cidrIpv4", "cidrIpv6", "prefixListId") if (each := self.view[key]).is_set)
        return tuple(each for key in ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds") for each in self.view[key])

    @property
    def is_one_port(self) -> bool:
        """Whether it opens exactly one."""
        return (
            self.protocol.word.casefold() not in EVERY
            and self.view["fromPort"].is_set
            and self.view["fromPort"].number == self.view["toPort"].number
        )

    def opens(self, port: int) -> bool:
        """Whether TCP `port` is one of its own."""
        protocol = self.protocol.word.casefold()
        first, last = self.view["fromPort"].number, self.view["toPort"].number
        if protocol in EVERY or not protocol:
            return True
        return protocol in TCP and (first or 0) <= port <= (last if last is not None else 65_535)


def ingresses(thing: Object) -> Iterator[Ingress]:
    """Every rule of `thing` that lets something in. Raises UndeterminedError or MalformedError."""
    if thing.sort in (GROUP, DEFAULT):
        for each in thing.root["ingress"]:
            yield Ingress(thing, each)
    elif thing.sort == INGRESS_RULE or thing.root["type"].word != "egress":
        yield Ingress(thing, thing.root)


INGRESS: Final = Selector[Ingress](
    ingresses, frozenset({GROUP, DEFAULT, RULE, INGRESS_RULE}), "every rule of a security group that lets something in"
)
