"""Istio's CRDs and its default validation webhook.

The three Istio charts carry one version: control plane, CNI plugin and CRDs are released and tested together. Never
below 1.30.3: older patches leak the private key of the JWKS fallback
(istio/istio releasenotes/notes/jwks-private-key-leak.yaml).
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.pins import Chart

CHART: Final = Chart(
    repository="https://istio-release.storage.googleapis.com/charts",
    name="base",
    # renovate: datasource=helm depName=base registryUrl=https://istio-release.storage.googleapis.com/charts
    version="1.30.3",
    app_version="1.30.3",
)

NAMESPACE: Final = PlatformNamespace(name=names.ISTIO, purpose="the mesh's control plane")


@dataclass(frozen=True, kw_only=True)
class IstioBase(Operator):
    """Istio's CRDs and its default validation webhook."""


def _decide(_: Context) -> IstioBase:
    return IstioBase(name="istio-base", namespace=names.ISTIO, chart=CHART)


INSTALLABLE: Final = Installable(
    decision=IstioBase,
    decide=_decide,
    namespace=NAMESPACE,
    owns=(
        "AuthorizationPolicy.security.istio.io",
        "DestinationRule.networking.istio.io",
        "EnvoyFilter.networking.istio.io",
        "Gateway.networking.istio.io",
        "PeerAuthentication.security.istio.io",
        "ProxyConfig.networking.istio.io",
        "RequestAuthentication.security.istio.io",
        "ServiceEntry.networking.istio.io",
        "Sidecar.networking.istio.io",
        "Telemetry.telemetry.istio.io",
        "TrafficExtension.extensions.istio.io",
        "VirtualService.networking.istio.io",
        "WasmPlugin.extensions.istio.io",
        "WorkloadEntry.networking.istio.io",
        "WorkloadGroup.networking.istio.io",
    ),
)
