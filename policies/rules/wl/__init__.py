"""Pods: `WL` is the Pod Security Standards of Kubernetes 1.37, exactly; `WL_PLUS` is what this platform asks on top.

What `kubernetes/pod-security-admission` refuses, WL refuses (`standard_node`, `standard_process`). Where *baseline* and
*restricted* differ, `facts.standard` says which is asked; a rule of restricted alone is silent under baseline.
Exceptions for Windows and user namespaces are upstream's.
"""

from policies.rules.wl import asks, objects, placement, process, standard_node, standard_process, volumes
from policies.rules.wl.group import WL, WL_PLUS

__all__ = ["WL", "WL_PLUS", "asks", "objects", "placement", "process", "standard_node", "standard_process", "volumes"]
