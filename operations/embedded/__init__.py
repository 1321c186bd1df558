"""The embedded control plane: a real Kubernetes API with simulated machines, on this computer, in one folder.

The interface is `start`, `stop` and `status`. etcd, the API server (with RBAC, admission, quota and pod security), the
controllers and the scheduler are real; nodes, containers, load balancers, volumes and what operators would do with
custom resources are simulated.
"""

from operations.embedded.control_plane import Status, reset, start, status, stop
from operations.embedded.kinds import KINDS, Kind, handed_over

__all__ = ["KINDS", "Kind", "Status", "handed_over", "reset", "start", "status", "stop"]
