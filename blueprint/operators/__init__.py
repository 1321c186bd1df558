"""Which third-party controllers this platform installs: where, in which order, how many, how big.

It is not their values: how a decision is spelled in a chart's own keys is `manifests/operators`, and versions are
`blueprint/pins.py`. It does not decide whether anything is installed at all: a stack whose `operators` setting is
`present` (the embedded control plane runs no containers; other clusters may have an owner for this) takes `NONE` and
asks nothing here. `kinds.py` says what can be decided, `scales.py` holds the numbers.
"""

from collections.abc import Mapping
from typing import Final

from blueprint import names, pins
from blueprint.catalogue import Environment
from blueprint.operators.kinds import (
    NONE,
    Allowance,
    ArgoRollouts,
    Certificate,
    CertManager,
    IstioBase,
    IstioCni,
    Istiod,
    Kong,
    MetricsServer,
    Operator,
    Operators,
)
from blueprint.operators.scales import ALLOWANCES, SCALES, Scale

__all__ = [
    "INGRESS_CLASS",
    "NONE",
    "PLATFORMS",
    "SELF_SIGNED_ISSUER",
    "Allowance",
    "ArgoRollouts",
    "CertManager",
    "Certificate",
    "IstioBase",
    "IstioCni",
    "Istiod",
    "Kong",
    "MetricsServer",
    "Operator",
    "Operators",
    "decide",
]

SELF_SIGNED_ISSUER: Final = "platform-self-signed"
"""The ClusterIssuer that starts the private chains of trust between controllers. It signs nothing a user meets."""

INGRESS_CLASS: Final = "kong"
"""Value of the annotation `kubernetes.io/ingress.class` on Kong's own kinds, and name of our IngressClass."""

_SYSTEM: Final = "kube-system"

PLATFORMS: Final = ("gke", "k3d", "k3s", "microk8s", "minikube", "openshift")
"""Kubernetes platforms Istio knows by name (istio/istio 1.30.3, files/profile-platform-*.yaml). EKS and kind: None."""

_BRINGS_METRICS: Final = frozenset({"gke", "k3d", "k3s"})
"""Platforms that run a metrics-server of their own; a second one would fight over the APIService. k3s and k3d:
k3s-io/k3s manifests/metrics-server. GKE: its documentation, not checked in its source."""

_PRIVATE_LIFE_HOURS: Final = 87_600
"""Ten years, what Kong's chart gives the pair it would generate. Neither nginx nor the controller reads its admin
certificate twice (kubernetes-ingress-controller v3.5.13, internal/adminapi/kong.go), so a shorter life would end in
refused configuration pushes until a restart. The authority gets twice that, to outlive what it signs."""

_WEBHOOK_LIFE_HOURS: Final = 2_160
"""Ninety days, cert-manager's default: the webhook server watches its files (internal/admission/server.go)."""


def decide(*, environment: Environment, mesh: bool, trust_domain: str, platform: str | None = None) -> Operators:
    """Everything to install on a cluster of `environment`, in install order.

    Without `mesh` Istio is left out, and everything else comes without a sidecar. `platform` names a Kubernetes
    platform with other folders or controllers of its own (PLATFORMS), None for any other.
    Raises ValueError when the platform is not a known one.
    """
    if platform is not None and platform not in PLATFORMS:
        raise ValueError(
            f"platform '{platform}' is not known, so the CNI agent would look for the nodes' binaries where they may"
            f" not be. Use one of: {', '.join(PLATFORMS)}; or none for EKS, kind and others with the usual folders."
        )
    scale = SCALES[environment]
    allowed = {container: columns[0 if scale.small else 1] for container, columns in ALLOWANCES.items()}
    istio = _istio(scale, allowed, trust_domain, platform) if mesh else ()
    metrics = () if platform in _BRINGS_METRICS else (_metrics_server(scale, allowed),)
    return Operators(
        crds=(pins.GATEWAY_API_CRDS, pins.KONG_CRDS),
        foundation=(*istio, _cert_manager(scale, allowed), _argo_rollouts(scale, allowed, mesh)),
        leaning=(_kong(scale, allowed, mesh), *metrics),
    )


def _istio(
    scale: Scale, allowed: Mapping[str, Allowance], trust_domain: str, platform: str | None
) -> tuple[Operator, ...]:
    return (
        IstioBase(name="istio-base", namespace=names.ISTIO, chart=pins.ISTIO_BASE),
        IstioCni(
            name="istio-cni",
            # A namespace of its own: the agent needs the privileges every other namespace refuses.
            namespace=names.ISTIO_CNI,
            chart=pins.ISTIO_CNI,
            platform=platform,
            agent=allowed["istio-cni"],
        ),
        Istiod(
            name="istiod",
            namespace=names.ISTIO,
            chart=pins.ISTIOD,
            platform=platform,
            trust_domain=trust_domain,
            replicas=scale.standby,
            replicas_at_most=scale.istiod_at_most,
            discovery=allowed["istiod"],
            sidecar=allowed["sidecar"],
        ),
    )


def _cert_manager(scale: Scale, allowed: Mapping[str, Allowance]) -> CertManager:
    return CertManager(
        name="cert-manager",
        namespace=names.CERT_MANAGER,
        chart=pins.CERT_MANAGER,
        replicas=scale.standby,
        webhook_replicas=scale.serving,
        controller=allowed["cert-manager"],
        injector=allowed["cainjector"],
        webhook=allowed["cert-manager-webhook"],
    )


def _kong(scale: Scale, allowed: Mapping[str, Allowance], mesh: bool) -> Kong:
    return Kong(
        # The release name gives the proxy Service kong-gateway-proxy and the accounts kong-gateway, kong-controller.
        name="kong",
        namespace=names.KONG,
        chart=pins.KONG,
        skip_crds=True,
        gateway_image=pins.KONG_GATEWAY,
        gateway_replicas=scale.serving,
        gateway=allowed["kong-gateway"],
        controller_image=pins.KONG_CONTROLLER,
        controller_replicas=scale.standby,
        controller=allowed["kong-controller"],
        meshed=mesh,
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
        redis_secret="kong-redis",  # noqa: S106  the Secret's name, not its content
        redis_secret_key="password",  # noqa: S106  the key in the Secret
    )


def _argo_rollouts(scale: Scale, allowed: Mapping[str, Allowance], mesh: bool) -> ArgoRollouts:
    return ArgoRollouts(
        name="argo-rollouts",
        namespace=names.ARGO_ROLLOUTS,
        chart=pins.ARGO_ROLLOUTS,
        image=pins.ARGO_ROLLOUTS_CONTROLLER,
        replicas=scale.standby,
        istio=mesh,
        controller=allowed["argo-rollouts"],
    )


def _metrics_server(scale: Scale, allowed: Mapping[str, Allowance]) -> MetricsServer:
    return MetricsServer(
        name="metrics-server",
        # It serves an API of the cluster itself, and the priority class it needs is at home there.
        namespace=_SYSTEM,
        chart=pins.METRICS_SERVER,
        replicas=scale.standby,
        verify_kubelets=scale.verify_kubelets,
        server=allowed["metrics-server"],
    )
