"""Requests, limits and quotas: no workload starves the others of a node, and what is requested is there."""

from policies.rules.res import containers, namespaces
from policies.rules.res.group import RES

__all__ = ["RES", "containers", "namespaces"]
