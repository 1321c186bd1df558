"""Pod Security Standards of Kubernetes 1.37, exactly: what `kubernetes/pod-security-admission` refuses is refused here.

Anything stricter has an id of its own (`wl_plus`), so that upstream's own cases can judge this group. Where *baseline*
and *restricted* differ, `facts.standard` says which is asked; a rule of restricted alone is silent under baseline.
Exemptions for Windows and user namespaces are upstream's.
"""

from policies.rules.wl import node, process
from policies.rules.wl.standard import WL

__all__ = ["WL", "node", "process"]
