"""Every version of other people's software that this platform installs: charts, CRD bundles, images.

It holds versions and where they come from, nothing else: no values (`manifests/operators.py`), no order and no
sizes (`blueprint/operators.py`). One place, so that an upgrade is one line that a bot can write and a person can
read. Each version stands directly below a `# renovate:` line, and nothing but exact versions is allowed: a range
would let two runs of the same commit install different software.

What was checked, and against what. All tags below were resolved in the projects' own repositories (newest commits
between 2026-07-02 and 2026-08-22): istio/istio 1.30.3 (56df41f63e51), Kong/charts ingress-0.24.0 (1be63fbf765e) and
kong-3.2.0 (0449cd961720), cert-manager/cert-manager v1.21.1 (24e33194fb39), argoproj/argo-helm argo-rollouts-2.41.0
(8796aeaa8242), kubernetes-sigs/metrics-server metrics-server-helm-chart-3.13.1 (842dcc8c42f2), and
kubernetes-sigs/gateway-api v1.5.1 (e7677b70ae75).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A Helm chart at one exact version."""

    repository: str
    """Address of the chart repository: `https://…` for an index, `oci://…` for a registry folder."""
    name: str
    """Name of the chart in that repository. Changing it replaces everything the chart made."""
    version: str
    """Exact version as the repository spells it (cert-manager with a `v`, the others without)."""
    app_version: str
    """Version of the software inside, as the chart or its project spells it. For people; nothing is derived from it."""


@dataclass(frozen=True, kw_only=True)
class CrdBundle:
    """One public file of CustomResourceDefinitions, published by the project that owns them."""

    name: str
    """Logical name, unique among the bundles. Changing it replaces the CRDs, which deletes their objects."""
    version: str
    """Exact version; fills the `{version}` of `address`."""
    address: str
    """https address of a multi-document YAML file, with `{version}` where the version stands."""

    @property
    def url(self) -> str:
        """The address with the version filled in: what `kubernetes:yaml/v2:ConfigFile` reads."""
        return self.address.format(version=self.version)


@dataclass(frozen=True, kw_only=True)
class Image:
    """A container image whose tag we choose because its chart would float or lag."""

    repository: str
    """Repository as the chart's `image.repository` wants it."""
    tag: str
    """Exact tag, never `latest` and never a bare `major.minor`."""


# The three Istio charts carry one version: control plane, CNI plugin and CRDs are released and tested together.
# Never below 1.30.3: older patches leak the private key of the JWKS fallback
# (istio/istio releasenotes/notes/jwks-private-key-leak.yaml).
_ISTIO_CHARTS: Final = "https://istio-release.storage.googleapis.com/charts"

ISTIO_BASE: Final = Chart(
    repository=_ISTIO_CHARTS,
    name="base",
    # renovate: datasource=helm depName=base registryUrl=https://istio-release.storage.googleapis.com/charts
    version="1.30.3",
    app_version="1.30.3",
)

ISTIO_CNI: Final = Chart(
    repository=_ISTIO_CHARTS,
    name="cni",
    # renovate: datasource=helm depName=cni registryUrl=https://istio-release.storage.googleapis.com/charts
    version="1.30.3",
    app_version="1.30.3",
)

ISTIOD: Final = Chart(
    repository=_ISTIO_CHARTS,
    name="istiod",
    # renovate: datasource=helm depName=istiod registryUrl=https://istio-release.storage.googleapis.com/charts
    version="1.30.3",
    app_version="1.30.3",
)

CERT_MANAGER: Final = Chart(
    repository="https://charts.jetstack.io",
    name="cert-manager",
    # renovate: datasource=helm depName=cert-manager registryUrl=https://charts.jetstack.io
    version="v1.21.1",
    app_version="v1.21.1",
)

KONG: Final = Chart(
    repository="https://charts.konghq.com",
    name="ingress",
    # renovate: datasource=helm depName=ingress registryUrl=https://charts.konghq.com
    version="0.24.0",
    app_version="3.9",
)

ARGO_ROLLOUTS: Final = Chart(
    repository="https://argoproj.github.io/argo-helm",
    name="argo-rollouts",
    # renovate: datasource=helm depName=argo-rollouts registryUrl=https://argoproj.github.io/argo-helm
    version="2.41.0",
    app_version="v1.9.0",
)

METRICS_SERVER: Final = Chart(
    repository="https://kubernetes-sigs.github.io/metrics-server/",
    name="metrics-server",
    # renovate: datasource=helm depName=metrics-server registryUrl=https://kubernetes-sigs.github.io/metrics-server/
    version="3.13.1",
    app_version="0.8.1",
)

# 1.5.1 is what Istio 1.30.3 builds on (its go.mod). The standard channel also brings the ValidatingAdmissionPolicy
# `safe-upgrades.gateway.networking.k8s.io`, which refuses bundles older than 1.5 and the experimental channel.
GATEWAY_API_CRDS: Final = CrdBundle(
    name="gateway-api",
    # renovate: datasource=github-releases depName=kubernetes-sigs/gateway-api
    version="v1.5.1",
    address="https://github.com/kubernetes-sigs/gateway-api/releases/download/{version}/standard-install.yaml",
)

# The `ingress` chart contains the `kong` chart twice, so its CRDs would be registered twice. They come once, from
# the file the kong chart itself ships: its twelve CRDs were compared with Kong/kubernetes-configuration v1.5.2
# (config/crd/ingress-controller, what the controller 3.5.13 is built against) and every `spec` is equal. The version
# is the kong chart's and must stay the one the `ingress` chart depends on (0.24.0 asks for exactly 3.2.0).
KONG_CRDS: Final = CrdBundle(
    name="kong",
    # renovate: datasource=helm depName=kong registryUrl=https://charts.konghq.com
    version="3.2.0",
    address=(
        "https://raw.githubusercontent.com/Kong/charts/kong-{version}/charts/kong/crds/custom-resource-definitions.yaml"
    ),
)

# 3.9 is the last line of Kong with a community build; 3.10 and later are Enterprise images.
KONG_GATEWAY: Final = Image(
    repository="kong",
    # renovate: datasource=docker depName=kong
    tag="3.9.3",
)

KONG_CONTROLLER: Final = Image(
    repository="kong/kubernetes-ingress-controller",
    # renovate: datasource=docker depName=kong/kubernetes-ingress-controller
    tag="3.5.13",
)

# Chart 2.41.0 still carries v1.9.0; v1.9.1 is the patch release of the same line (tag in argoproj/argo-rollouts).
ARGO_ROLLOUTS_CONTROLLER: Final = Image(
    repository="argoproj/argo-rollouts",
    # renovate: datasource=docker depName=quay.io/argoproj/argo-rollouts
    tag="v1.9.1",
)
