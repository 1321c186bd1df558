"""What the rules about the edge share: the group, and the sorts they look at."""

from typing import Final

from policies.core.rule import Group

GW: Final = Group("GW", "The public edge")

INGRESSES: Final = ("Ingress.networking.k8s.io", "Ingress.extensions")
REQUEST_ROUTES: Final = ("HTTPRoute.gateway.networking.k8s.io", "GRPCRoute.gateway.networking.k8s.io")
"""Routes of the Gateway API whose requests Kong can read."""
BYTE_ROUTES: Final = (
    "TCPRoute.gateway.networking.k8s.io",
    "TLSRoute.gateway.networking.k8s.io",
    "UDPRoute.gateway.networking.k8s.io",
)
"""Routes of the Gateway API on which no plugin that reads requests runs."""
BYTE_INGRESSES: Final = ("TCPIngress.configuration.konghq.com", "UDPIngress.configuration.konghq.com")
"""Kong's own, for the same."""
VIRTUAL_SERVICE: Final = "VirtualService.networking.istio.io"
GATEWAY_CLASS: Final = "GatewayClass.gateway.networking.k8s.io"
INGRESS_CLASS: Final = "IngressClass.networking.k8s.io"
GATEWAY: Final = "Gateway.gateway.networking.k8s.io"

KONG_ROUTES: Final = (*INGRESSES, *REQUEST_ROUTES, *BYTE_ROUTES, *BYTE_INGRESSES)
"""Everything by which Kong lets requests in."""

KONG_PLUGIN: Final = "KongPlugin.configuration.konghq.com"
KONG_CLUSTER_PLUGIN: Final = "KongClusterPlugin.configuration.konghq.com"

CONSUMERS: Final = ("KongConsumer.configuration.konghq.com", "KongConsumerGroup.configuration.konghq.com")

PLUGINS_ANNOTATION: Final = "konghq.com/plugins"
"""Names of plugins, with commas between them; `namespace:name` for one of another namespace."""

PROTOCOLS_ANNOTATION: Final = "konghq.com/protocols"
"""What Kong takes a route's requests over, whatever its listener says."""
CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
"""Whose an Ingress or a KongClusterPlugin is; the controller never looks at a plugin of another class, or of none."""

ROUTE: Final = "services/{service}.yaml: spec.provides.route"
PLATFORM: Final = "manifests/gateway.py"
"""What no owner can set."""
