"""Kong: the edge, and the controller that feeds it from Gateway API objects.

Which hosts and routes it serves is `blueprint.gateway`'s.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.cert_manager import Certificate
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import GATEWAY_API_CRDS, Chart, CrdBundle, Image
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://charts.konghq.com",
    name="ingress",
    # renovate: datasource=helm depName=ingress registryUrl=https://charts.konghq.com
    version="0.24.0",
    app_version="3.9",
)

# The `ingress` chart contains the `kong` chart twice, so its CRDs would be registered twice. They come once, from
# the file the kong chart itself ships: its twelve CRDs were compared with Kong/kubernetes-configuration v1.5.2
# (config/crd/ingress-controller, what the controller 3.5.13 is built against) and every `spec` is equal. The version
# is the kong chart's and must stay the one the `ingress` chart depends on (0.24.0 asks for exactly 3.2.0).
CRDS: Final = CrdBundle(
    name="kong",
    # renovate: datasource=helm depName=kong registryUrl=https://charts.konghq.com
    version="3.2.0",
    address=(
        "https://raw.githubusercontent.com/Kong/charts/kong-{version}/charts/kong/crds/custom-resource-definitions.yaml"
    ),
)

# 3.9 is the last line of Kong with a community build; 3.10 and later are Enterprise images.
GATEWAY_IMAGE: Final = Image(
    repository="kong",
    # renovate: datasource=docker depName=kong
    tag="3.9.3",
)

CONTROLLER_IMAGE: Final = Image(
    repository="kong/kubernetes-ingress-controller",
    # renovate: datasource=docker depName=kong/kubernetes-ingress-controller
    tag="3.5.13",
)

GATEWAY: Final = Sizes(small=amounts(100, 1000, 512, 1024), large=amounts(500, 2000, 512, 1024))
"""Unmeasured estimates."""
CONTROLLER: Final = Sizes(small=amounts(50, 500, 128, 256), large=amounts(100, 1000, 256, 512))
"""The chart's example; an estimate."""

INGRESS_CLASS: Final = "kong"
"""Value of the annotation `kubernetes.io/ingress.class` on Kong's own kinds, and name of our IngressClass."""

_PRIVATE_LIFE_HOURS: Final = 87_600
"""Ten years, what Kong's chart gives the pair it would generate. Neither nginx nor the controller reads its admin
certificate twice (kubernetes-ingress-controller v3.5.13, internal/adminapi/kong.go), so a shorter life would end in
refused configuration pushes until a restart. The authority gets twice that, to outlive what it signs."""

_WEBHOOK_LIFE_HOURS: Final = 2_160
"""Ninety days, cert-manager's default: the webhook server watches its files (internal/admission/server.go)."""


@dataclass(frozen=True, kw_only=True)
class Kong(Operator):
    """The edge: Kong without a database, and the controller that feeds it from Gateway API objects."""

    gateway_image: Image
    gateway_replicas: int
    gateway: Amounts
    controller_image: Image
    controller_replicas: int
    controller: Amounts
    meshed: bool
    """Whether the gateway's outbound traffic goes through a sidecar. Its inbound never does, nor the controller."""
    streams: tuple[int, ...]
    """Ports on which the gateway takes TLS and passes bytes on."""
    service_type: str
    """`LoadBalancer`, or `ClusterIP` where nothing hands out addresses and the deployment would wait for ever."""
    webhook_failure_policy: str
    """`Fail`: nothing Kong would choke on is admitted, and nothing at all while the controller is away."""
    validated_namespaces: str
    """Label that a namespace must carry for the webhook to look into it. With `Fail` it would otherwise block its
    own recovery, the cluster's, and everyone who shares the cluster and never heard of this gateway."""
    reconciles: str
    """`namespace/name` of the one Gateway this controller serves."""
    authority: str
    """Name of the private CA (Certificate, Secret and Issuer) of the certificates below."""
    authority_life_hours: int
    admin_server: Certificate
    """Of the gateway's admin listener."""
    admin_client: Certificate
    """With which the controller proves itself to the admin listener."""
    webhook: Certificate
    """Of the controller's admission webhook."""
    redis_secret: str
    """Secret in the same namespace with the password of the rate limits' Redis (`blueprint.kong_redis`)."""
    redis_secret_key: str


def _decide(context: Context) -> Kong:
    scale = SCALES[context.environment]
    return Kong(
        # The release name gives the proxy Service kong-gateway-proxy and the accounts kong-gateway, kong-controller.
        name="kong",
        namespace=names.KONG,
        chart=CHART,
        skip_crds=True,
        gateway_image=GATEWAY_IMAGE,
        gateway_replicas=scale.serving,
        gateway=scale.of(GATEWAY),
        controller_image=CONTROLLER_IMAGE,
        controller_replicas=scale.standby,
        controller=scale.of(CONTROLLER),
        meshed=context.meshed,
        streams=context.settings.gateway.streams,
        service_type=scale.service_type,
        webhook_failure_policy=scale.webhook_failure_policy,
        validated_namespaces=names.SERVICE_LABEL,
        reconciles=f"{names.KONG}/{names.GATEWAY}",
        authority="kong-private",
        authority_life_hours=2 * _PRIVATE_LIFE_HOURS,
        admin_server=Certificate(
            name="kong-admin-server",
            # The controller asks for this name whatever pod it dials (internal/adminapi/endpoints.go at v3.5.13).
            dns_names=("pod.kong-gateway-admin.kong.svc",),
            usage="server auth",
            life_hours=_PRIVATE_LIFE_HOURS,
        ),
        admin_client=Certificate(
            name="kong-admin-client",
            dns_names=("kong-controller.kong.svc",),
            usage="client auth",
            life_hours=_PRIVATE_LIFE_HOURS,
        ),
        webhook=Certificate(
            name="kong-webhook",
            dns_names=("kong-controller-validation-webhook.kong.svc",),
            usage="server auth",
            life_hours=_WEBHOOK_LIFE_HOURS,
        ),
        redis_secret=names.KONG_REDIS,
        redis_secret_key=names.KONG_REDIS_PASSWORD,
    )


INSTALLABLE: Final = Installable(
    decision=Kong,
    decide=_decide,
    asked=lambda _: True,  # every stack has a public edge
    needs=("cert-manager", "external-secrets"),  # its private certificates, its Redis' password
    after=("istiod",),  # so that the gateway's first pod has its proxy
    namespace=PlatformNamespace(name=names.KONG, meshed=True, purpose="the public edge"),
    crds=(GATEWAY_API_CRDS, CRDS),
    owns=(
        "BackendTLSPolicy.gateway.networking.k8s.io",
        "GRPCRoute.gateway.networking.k8s.io",
        "Gateway.gateway.networking.k8s.io",
        "GatewayClass.gateway.networking.k8s.io",
        "HTTPRoute.gateway.networking.k8s.io",
        "IngressClassParameters.configuration.konghq.com",
        "KongClusterPlugin.configuration.konghq.com",
        "KongConsumer.configuration.konghq.com",
        "KongConsumerGroup.configuration.konghq.com",
        "KongCustomEntity.configuration.konghq.com",
        "KongIngress.configuration.konghq.com",
        "KongLicense.configuration.konghq.com",
        "KongPlugin.configuration.konghq.com",
        "KongUpstreamPolicy.configuration.konghq.com",
        "KongVault.configuration.konghq.com",
        "ReferenceGrant.gateway.networking.k8s.io",
        "TCPIngress.configuration.konghq.com",
        "UDPIngress.configuration.konghq.com",
    ),
)
