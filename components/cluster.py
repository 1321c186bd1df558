"""The cluster a stack runs on, as the providers everything else is made with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as kubernetes

from blueprint.clusters import Attached, Cluster


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How the rest of the program reaches a cluster."""

    providers: Sequence[pulumi.ProviderResource]
    """One per package, explicit."""
    ready: Sequence[pulumi.Resource]
    """What the first object waits for; nothing for a cluster that is there already."""


def _attach(decision: Attached) -> Connection:
    provider = kubernetes.Provider(
        decision.name,
        kubeconfig=decision.kubeconfig,
        context=decision.context,
        # Without it, a new address or certificate of the same cluster replaces every object in it.
        cluster_identifier=decision.name,
        # Without them a changed variable or key deletes the object before it is made anew, and a pod that starts in
        # between finds none. The checksum on the pods restarts them; to be removed when it is the provider's default
        # (https://github.com/pulumi/pulumi-kubernetes/issues/3179).
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        # The defaults (50 and 120) throttle a first preview of 500 objects for eight seconds.
        kube_client_settings=kubernetes.KubeClientSettingsArgs(qps=200, burst=400),
        opts=pulumi.ResourceOptions(version=decision.plugin_version),
    )
    return Connection(providers=(provider,), ready=())


CONNECTIONS: Final[Mapping[type, Callable[[Any], Connection]]] = {Attached: _attach}
"""Decision type → how it is reached. Total over what `blueprint.clusters` decides; a test says so."""


def connect(decision: Cluster) -> Connection:
    """How `decision` is reached."""
    return CONNECTIONS[type(decision)](decision)
