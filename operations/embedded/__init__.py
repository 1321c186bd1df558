"""The embedded control plane: a real Kubernetes API with simulated machines, on this computer, in one folder.

`start`, `stop` and `status` are all there is to it. Real are etcd, the API server with RBAC, admission, quota and pod
security, the controllers and the scheduler; simulated are nodes, containers, load balancers, volumes and whatever
operators would make of custom resources.
"""

from operations.embedded.control_plane import Status, reset, start, status, stop
from operations.embedded.kinds import KINDS, Kind

__all__ = ["KINDS", "Kind", "Status", "reset", "start", "status", "stop"]
