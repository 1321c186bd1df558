"""AWS and GCP: clusters, nodes, identities, networks and keys, as the program buys them.

Property names were checked against pulumi-aws 7.51.1 and pulumi-gcp 10.2.0. What is not written has the provider's
default; an id that does not exist before the update belongs to nobody in particular.
"""

from policies.rules.cloud import eks, gcp, identity, keys, network, nodes
from policies.rules.cloud.group import CLOUD

__all__ = ["CLOUD", "eks", "gcp", "identity", "keys", "network", "nodes"]
