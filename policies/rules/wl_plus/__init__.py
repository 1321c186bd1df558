"""Pods, stricter than the standards: what Pod Security lets pass and this platform does not.

Ids of its own, so that the WL group stays exactly upstream's.
"""

from policies.rules.wl_plus import objects, placement, process, volumes
from policies.rules.wl_plus.group import WL_PLUS

__all__ = ["WL_PLUS", "objects", "placement", "process", "volumes"]
