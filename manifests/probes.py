"""How a container is asked, as Kubernetes spells it."""

from blueprint.catalogue.probing import Probe
from manifests.manifest import Manifest


def spelled(probe: Probe | None) -> Manifest | None:
    """`probe` as a field of a container; None: it is not asked."""
    if probe is None:
        return None
    made = probe.model_dump(mode="json", by_alias=True, exclude_none=True)
    if headers := made.get("httpGet", {}).pop("headers", None):
        # In a mesh the pod's proxy asks instead of the kubelet, and takes this spelling of Host alone for the host
        # (Istio, pilot/cmd/pilot-agent/status).
        named = {"Host" if name.lower() == "host" else name: value for name, value in headers.items()}
        made["httpGet"]["httpHeaders"] = [{"name": name, "value": value} for name, value in sorted(named.items())]
    return made
