"""The vocabulary of addresses: what a range and an address may look like where a person writes one."""

from ipaddress import ip_address, ip_network
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from blueprint.text import Fault, refuse


def _range(value: str) -> str:
    try:
        whole = str(ip_network(value, strict=False))
    except ValueError as error:
        refuse(Fault("", f"is no address range ({error})", "Write one such as 10.0.0.0/16"))
    if whole != value:
        refuse(Fault("", f"'{value}' is an address within a range, which the API server warns of", f"Write {whole}"))
    return value


Cidr = Annotated[
    str,
    Field(pattern=r"^([0-9]{1,3}\.){3}[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])$|^[0-9a-f:]+/[0-9]{1,3}$"),
    AfterValidator(_range),
]
"""An address range, such as 10.0.0.0/16."""


def _cache(value: str) -> str:
    try:
        inside = not ip_address(value).is_global
    except ValueError as error:
        refuse(Fault("", f"is no address ({error})", "Write one such as 169.254.20.10"))
    if not inside:
        refuse(Fault("", f"'{value}' is on the internet, where no cache of a node answers", "Write 169.254.20.10"))
    return value


CacheAddress = Annotated[str, AfterValidator(_cache)]
"""The address of a node's own DNS cache, such as 169.254.20.10."""


PRIVATE: Final = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Where a private network may have its hosts (RFC 1918, RFC 6598, RFC 4193)."""
METADATA: Final = ("fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128")
"""What hands out the node's rights in the cloud, where it is within `PRIVATE`: AWS' metadata server, the agent of EKS
Pod Identity, Google's metadata server. On IPv4 they are link-local (169.254.0.0/16), which `PRIVATE` leaves out."""
WIDEST: Final = {4: 16, 6: 48}
"""IP version → the shortest prefix a private range may have: the largest network AWS makes (a /16), and one site of
IPv6 (RFC 6177). A range this wide holds a network; a wider one holds everybody's."""


def overlap(one: str, other: str) -> bool:
    """Whether two ranges share an address."""
    return ip_network(one).overlaps(ip_network(other))


def within(cidr: str, of: str) -> bool:
    """Whether all of `cidr` is in `of`."""
    part, whole = ip_network(cidr, strict=False), ip_network(of)
    return part.version == whole.version and whole.supernet_of(part)  # type: ignore[arg-type]  # of one version


def _private(value: str) -> str:
    widest = WIDEST[ip_network(value).version]
    if ip_network(value).prefixlen < widest:
        cause = f"'{value}' is wider than a /{widest}, so it opens the port of every network beside the host's"
        refuse(Fault("", cause, "Name the host's own network, such as 10.20.0.0/16, or its subnets one by one"))
    if overlap(value, "169.254.0.0/16") or any(overlap(value, each) for each in METADATA):
        cause = f"'{value}' holds the cloud's metadata server, which hands out the rights of the node"
        refuse(Fault("", cause, "Name the range of the host's own network, without 169.254.0.0/16"))
    if not any(within(value, each) for each in PRIVATE):
        cause = f"'{value}' is no range of a private network, so it needs none: the internet is open on the port"
        refuse(Fault("", cause, f"Leave out cidrs, or name a range within {', '.join(PRIVATE)}"))
    return value


PrivateCidr = Annotated[Cidr, AfterValidator(_private)]
"""A range of a private network, such as 10.20.0.0/16; at most a /16 (IPv6: a /48)."""

PRIVATE_ENDINGS: Final = (
    ".internal",  # ICANN, 2024: for private use; the names of hosts at AWS and Google end so
    ".local",  # RFC 6762: never in the public DNS
    ".lan",  # customary in offices; never delegated
    ".corp",  # ICANN, 2018: never to be delegated
    ".home.arpa",  # RFC 8375: private networks
    ".rds.amazonaws.com",  # AWS RDS: within its network the name is a private address
    ".cache.amazonaws.com",  # AWS ElastiCache: has private addresses alone
)
"""Ends of names that lead into a private network."""
