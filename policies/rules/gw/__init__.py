"""The public edge: Kong behind the Gateway API, and everything else that would admit requests from outside.

Routes are read in `routes`, what Kong does to a request in `plugins`; the rules are in the other modules.
"""

from policies.rules.gw import addresses, counted, identity, kong, leads, names, plugged
from policies.rules.gw.group import GW

__all__ = ["GW", "addresses", "counted", "identity", "kong", "leads", "names", "plugged"]
