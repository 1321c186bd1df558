"""A namespace of the platform itself, as the operators ask for one and `blueprint.foundation` has it made.

The namespaces of a service are `blueprint.isolation`'s; names are `blueprint.names`'.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PlatformNamespace:
    """One namespace of the platform."""

    name: str
    restricted: bool = True
    """Pod Security *restricted*; else privileged, for what sets up the nodes' network."""
    meshed: bool = False
    """Whether its pods get a proxy. An operator says it for stacks that have a mesh; the decision says it for one."""
    denied: bool = False
    """Whether everything is closed but its rules. Most namespaces of other people's charts keep the charts' own
    policies: their controllers need the API server, whose address no selector can name. Where one is closed
    (Velero's), the stack's settings say that address."""
    purpose: str
