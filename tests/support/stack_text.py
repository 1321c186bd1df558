"""What a stack's two texts say, read without any of the program's own reading: PyYAML and a merge of eight lines.

Only what decides who may reach whom. The texts are known to be valid; the program has read them too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.connections import Zone, zone

METADATA: Final = zone("the metadata server", ("169.254.169.254/32",))
"""The clouds'; on IPv6 it is among the private addresses (fd00:ec2::254)."""
_PRIVATE: Final = (
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
    "::/3",
    "4000::/2",
    "8000::/1",
)
"""IPv4: IANA's registry of special-purpose addresses (RFC 6890), as far as something of ours may answer there. IPv6:
all that is not global unicast (2000::/3), the ranges that lead back to IPv4 among it (64:ff9b::/96, 64:ff9b:1::/48)."""
_NOWHERE: Final = zone("documentation", ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
"""Addresses at which no host answers: reachable or not is the same."""
OFFICE: Final = (
    zone("10.60.0.0/16", ("10.60.0.0/16",)),
    zone("192.168.77.0/24", ("192.168.77.0/24",)),
    zone("fd12:3456:789a::/48", ("fd12:3456:789a::/48",)),
)
"""The private networks a random catalogue's hosts are in, each called as a catalogue writes it."""
INTERNET, PRIVATE, NODES, CACHE = "the internet", "private addresses", "the nodes", "the nodes' DNS cache"
API_SERVER = "the API server"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What a stack's settings say about connections."""

    environment: str
    meshed: bool
    nodes: tuple[str, ...]
    caches: tuple[str, ...]
    """At which a cache on each node answers for the resolver."""
    api_server: tuple[str, ...]
    """Addresses of the API server."""
    copies: bool
    """Whether stores write copies to a bucket."""
    objects_copied: bool
    """Whether the cluster's objects are copied there, too."""
    default_broker: str
    issuers: frozenset[str]
    acme: bool
    """Whether a public authority asks for its certificates' hosts."""
    streams: tuple[int, ...]
    """Ports on which the gateway takes bytes."""

    @property
    def zones(self) -> tuple[Zone, ...]:
        """Every address that matters, in parts that are one thing each."""
        nodes = [zone(NODES, self.nodes)] if self.nodes else []
        caches = [zone(CACHE, [f"{each}/32" for each in self.caches], less=nodes)] if self.caches else []
        api_server = [zone(API_SERVER, self.api_server, less=nodes)] if self.api_server else []
        named = [METADATA, *nodes, *caches, *api_server, *OFFICE]
        private = zone(PRIVATE, _PRIVATE, less=named)
        internet = zone(INTERNET, ("0.0.0.0/0", "2000::/3"), less=[*named, private, _NOWHERE])
        return (*named, private, internet)


def stack_of(file: Path, *, meshed: bool = True) -> Stack:
    """The settings in `file`, a Pulumi.<stack>.yaml."""
    reported = yaml.safe_load(file.read_text())["config"]["platform:settings"]
    cluster = reported["cluster"]
    backups = reported.get("backups", {})
    copies = "copies" in backups and reported["environment"] in ("staging", "prod")
    on_gke = ["169.254.20.10"] if cluster.get("platform") == "gke" else []
    return Stack(
        environment=reported["environment"],
        meshed=meshed,
        nodes=tuple(cluster.get("nodeCidrs", ())),
        caches=tuple(cluster.get("nodeLocalDns", on_gke)),
        api_server=tuple(cluster.get("apiServerCidrs", ())),
        copies=copies,
        objects_copied=copies and backups.get("enabled", True),
        default_broker=reported.get("brokers", {}).get("default", "kafka"),
        acme=reported.get("gateway", {}).get("certificates", {}).get("kind") == "acme",
        streams=tuple(reported.get("gateway", {}).get("streams", ())),
        issuers=frozenset(issuer["issuer"] for issuer in reported.get("identity", {}).get("issuers", {}).values()),
    )


Specs = Mapping[str, dict[str, Any]]


def specs_of(folder: Path, environment: str) -> Specs:
    """Every service's spec as `environment` has it, by name."""
    files = [yaml.safe_load(file.read_text()) for file in sorted(folder.glob("*.yaml"))]
    return {
        file["metadata"]["name"]: _merged(file["spec"], file["spec"].get("environments", {}).get(environment, {}))
        for file in files
    }


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for word, value in patch.items():
        if value is None:
            made.pop(word, None)
        else:
            made[word] = _merged(made.get(word), value)
    return made
