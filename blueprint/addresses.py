"""The vocabulary of addresses: what a range and an address may look like where a person writes one."""

from ipaddress import ip_address, ip_network
from typing import Annotated

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
