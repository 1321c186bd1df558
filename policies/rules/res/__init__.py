"""Requests, limits and quotas: nobody takes a node from the others, and what is promised is there."""

from policies.rules.res import containers, namespaces
from policies.rules.res.group import RES

__all__ = ["RES", "containers", "namespaces"]
