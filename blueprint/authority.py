"""The authority that signs the certificates of stores, and by which services know their own store.

One for the stack, made by cert-manager: its key never leaves the namespace it is made in. A service gets the
authority's certificate with one of its own (`names.STORE_CLIENT`): cert-manager puts both into one Secret, so that no
key has to be copied between namespaces for a client to have something to trust.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.catalogue.storing import Store
from blueprint.context import Context

LIFE_HOURS: Final = 87_600
"""Ten years, as the authority of the gateway's self-signed certificates: its end would stop every connection."""
LEAF_HOURS: Final = 2_160
"""Ninety days, cert-manager's default; renewed when a third of it is left."""


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A private certificate authority."""

    name: str
    """Of the Certificate, its Secret and the ClusterIssuer."""
    namespace: str
    """Where its key is: cert-manager looks for a ClusterIssuer's Secrets in its own namespace."""
    life_hours: int


def decide(context: Context) -> Authority | None:
    """The authority of a stack; None where no service has a store."""
    owned = (resource for service in context.services.values() for resource in service.spec.resources.values())
    if not any(isinstance(resource, Store) for resource in owned):
        return None
    return Authority(name=names.STORE_AUTHORITY, namespace=names.CERT_MANAGER, life_hours=LIFE_HOURS)
