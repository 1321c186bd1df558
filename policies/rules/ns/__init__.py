"""Namespaces: the walls everything else hangs on."""

from policies.rules.ns import namespaces
from policies.rules.ns.group import NS

__all__ = ["NS", "namespaces"]
