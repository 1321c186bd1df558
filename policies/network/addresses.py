"""Which addresses a list of CIDR ranges holds: as sets, so that no spelling gets around a rule.

`0.0.0.0/0` can be written as two halves, with an `except` of unused addresses, with host bits set (`10.9.8.7/0`), or as
the IPv6 range that means IPv4 (`::ffff:0.0.0.0/96`). A rule that compares texts sees none of these; a rule that asks
here sees the same set every time.

    covers_everything(["0.0.0.0/1", "128.0.0.0/1"])         # True
    covers_everything([Block("0.0.0.0/0", ("10.0.0.0/8",))])  # False
    holds("169.254.0.0/16", METADATA[0])                    # True
    is_wider_than(["10.0.0.0/9", "10.128.0.0/9"], 16)       # True

A text that is no range raises MalformedError, which the judge turns into a finding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from policies.objects.values import MalformedError, View

METADATA: Final = ("169.254.169.254", "fd00:ec2::254", "fd20:ce::254")
"""The clouds' metadata servers, which hand out the node's credentials: AWS and Google on IPv4, AWS and Google on IPv6
(AWS: EC2 user guide, "Use the Instance Metadata Service"; Google: "About VM metadata")."""
POD_IDENTITY: Final = ("169.254.170.23", "fd00:ec2::23")
"""The EKS Pod Identity agent of the node (EKS user guide, "Pod Identity Agent")."""

_IPV6: Final = 1 << 32
"""Added to an IPv6 address, so that both families are one line of numbers: 0 to 2^32 - 1 is IPv4."""
_MAPPED: Final = ip_network("::ffff:0.0.0.0/96")
"""IPv4 spelled as IPv6; Go's net.IPNet, by which Kubernetes reads ranges, takes it for IPv4."""


@dataclass(frozen=True)
class Block:
    """A range and what is excluded from it: the `cidr` and `except` of an ipBlock."""

    cidr: str
    excluded: tuple[str, ...] = ()


Ranges = Iterable[str | Block]
"""Ranges: each a text, or a `Block` with exclusions."""


@dataclass(frozen=True)
class Space:
    """A set of addresses of both families: sorted runs (first, last) on one line, none touching the next."""

    runs: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.runs)

    def __or__(self, other: "Space") -> "Space":
        return union((self, other))

    def __sub__(self, other: "Space") -> "Space":
        # Both are sorted: one pass over the two, as a file may hold ten thousand of each.
        left: list[tuple[int, int]] = []
        holes, at = other.runs, 0
        for run in self.runs:
            first, last = run
            while at < len(holes) and holes[at][1] < first:
                at += 1
            while at < len(holes) and holes[at][0] <= last and first <= last:
                low, high = holes[at]
                if first < low:
                    left.append((first, low - 1))
                first = high + 1
                at += high <= last  # what reaches beyond this run may take from the next as well
            if first <= last:
                left.append((first, last))
        return Space(tuple(left))

    def __and__(self, other: "Space") -> "Space":
        return self - (self - other)

    def holds(self, other: "Space") -> bool:
        """Whether all of `other` is in it."""
        return not other - self

    @property
    def size(self) -> int:
        """How many addresses."""
        return sum(last - first + 1 for first, last in self.runs)

    @property
    def shown(self) -> str:
        """For a person: the first few ranges, `10.0.0.0-10.0.255.255`."""
        few = [f"{_address(first)}-{_address(last)}" for first, last in self.runs[:3]]
        return ", ".join(few) + (f" and {len(self.runs) - 3} more" if len(self.runs) > 3 else "")


NOBODY: Final = Space()
"""No address."""


def union(spaces: Iterable[Space]) -> Space:
    """The addresses of all `spaces` together. To add one after the other would sort the sum again each time."""
    return _joined(run for each in spaces for run in each.runs)


def space(ranges: Ranges) -> Space:
    """The addresses of all `ranges` together."""
    found: list[tuple[int, int]] = []
    for each in ranges:
        if isinstance(each, str):
            found.append(_run(each))
        else:
            found += (Space((_run(each.cidr),)) - space(each.excluded)).runs
    return _joined(found)


def block(written: View) -> Block:
    """The ipBlock of a NetworkPolicy. Raises MalformedError, with the path, where it holds no ranges."""
    return Block(cidr_at(written["cidr"]), tuple(cidr_at(each) for each in written["except"]))


def cidr_at(written: View) -> str:
    """The range written here. Raises MalformedError, with the path, where it is none."""
    cidr = written.word
    if not _is_range(cidr):
        raise MalformedError(written.path, written.value, "an address range")
    return cidr


def covers_everything(ranges: Ranges) -> bool:
    """Whether `ranges` together are all of IPv4 or all of IPv6 a host can have."""
    held = space(ranges)
    return held.holds(EVERYBODY_IPV4) or held.holds(EVERYBODY_IPV6)


def holds(within: str | Block, address: str) -> bool:
    """Whether `address`, or the range `address`, is wholly within."""
    return space([within]).holds(space([address]))


def is_wider_than(ranges: Ranges, prefix: int, prefix_ipv6: int = 48) -> bool:
    """Whether `ranges` together hold more IPv4 addresses than one range of `prefix`, or more IPv6 addresses than one of
    `prefix_ipv6` (48: one site, RFC 6177)."""
    held = space(ranges)
    return (held & _IPV4).size > 1 << (32 - prefix) or (held - _IPV4).size > 1 << (128 - prefix_ipv6)


def _joined(runs: Iterable[tuple[int, int]]) -> Space:
    found: list[tuple[int, int]] = []
    for first, last in sorted(runs):
        # The two families touch on the line and stay two runs.
        if found and first <= found[-1][1] + 1 and first != _IPV6:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return Space(tuple(found))


@cache
def _run(cidr: str) -> tuple[int, int]:
    """First and last address of `cidr` on the line."""
    try:
        read = ip_network(cidr, strict=False)
    except ValueError:
        raise MalformedError("", cidr, "an address range") from None
    first, last = int(read.network_address), int(read.broadcast_address)
    if read.version == 4:
        return first, last
    if read.subnet_of(_MAPPED):  # type: ignore[arg-type]  # both are of IPv6
        return first & 0xFFFFFFFF, last & 0xFFFFFFFF
    return first + _IPV6, last + _IPV6


def _is_range(cidr: str) -> bool:
    try:
        _run(cidr)
    except MalformedError:
        return False
    return True


def _address(number: int) -> str:
    return str(IPv6Address(number - _IPV6) if number >= _IPV6 else ip_address(number))


def _without(everything: str, *excluded: str) -> Space:
    return space([Block(everything, excluded)])


_IPV4: Final = space(["0.0.0.0/0"])
NOWHERE: Final = (
    "0.0.0.0/8",
    "127.0.0.0/8",
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001:db8::/32",
)
"""Ranges in which no other host ever answers: this host, documentation, multicast, reserved (IANA's registries).
An `except` of these excepts nothing."""
EVERYBODY_IPV4: Final = _without("0.0.0.0/0", *(each for each in NOWHERE if ":" not in each))
"""Every IPv4 address a host can have."""
EVERYBODY_IPV6: Final = _without("2000::/3", "2001:db8::/32") | space(["fc00::/7"])
"""Every IPv6 address a host can have: global unicast and local ones."""
PRIVATE: Final = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
"""IPv4 that is not the internet (RFC 6890)."""
INTERNET: Final = _without("0.0.0.0/0", *PRIVATE) | space(["2000::/3"])
"""The public internet; of IPv6 what IANA allocates (2000::/3)."""
