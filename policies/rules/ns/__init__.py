"""Namespaces: the labels that Pod Security, NetworkPolicies and the mesh depend on."""

from policies.rules.ns import namespaces
from policies.rules.ns.group import NS

__all__ = ["NS", "namespaces"]
