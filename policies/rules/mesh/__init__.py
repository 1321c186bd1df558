"""Strict mTLS everywhere, never weakened: every pod has a proxy, every proxy asks for an
identity, every caller that is admitted is named.

Without a mesh (`settings.mesh.mode: none`) nothing of it is missed; what is there is judged all the same.
"""

from policies.rules.mesh import (
    authorization,
    config,
    destinations,
    detours,
    edges,
    egress,
    gateways,
    injection,
    peers,
    traffic,
)
from policies.rules.mesh.group import MESH

__all__ = [
    "MESH",
    "authorization",
    "config",
    "destinations",
    "detours",
    "edges",
    "egress",
    "gateways",
    "injection",
    "peers",
    "traffic",
]
