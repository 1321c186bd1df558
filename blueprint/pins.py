"""What a version of other people's software is: a chart, a file of CRDs, an image; and the one that several share.

It holds no value, no order and no size. A version stands in the module of the operator it belongs to
(`blueprint/operators`), directly below a `# renovate:` line, so that an upgrade is one line that a bot can write and a
person can read. Nothing but exact versions is allowed: a range would let two runs of the same commit install different
software.

What was checked, and against what. All tags were resolved in the projects' own repositories (newest commits between
2026-07-02 and 2026-08-22): istio/istio 1.30.3 (56df41f63e51), Kong/charts ingress-0.24.0 (1be63fbf765e) and kong-3.2.0
(0449cd961720), cert-manager/cert-manager v1.21.1 (24e33194fb39), argoproj/argo-helm argo-rollouts-2.41.0
(8796aeaa8242), external-secrets/external-secrets v2.9.0 (cc5bfbc2234a), kubernetes-sigs/metrics-server
metrics-server-helm-chart-3.13.1 (842dcc8c42f2), and kubernetes-sigs/gateway-api v1.5.1 (e7677b70ae75).
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
    """Exact tag, never `latest` and never a bare `major.minor`. In pods of our own with its digest, `tag@sha256:…`."""


# 1.5.1 is what Istio 1.30.3 builds on (its go.mod). The standard channel also brings the ValidatingAdmissionPolicy
# `safe-upgrades.gateway.networking.k8s.io`, which refuses bundles older than 1.5 and the experimental channel.
GATEWAY_API_CRDS: Final = CrdBundle(
    name="gateway-api",
    # renovate: datasource=github-releases depName=kubernetes-sigs/gateway-api
    version="v1.5.1",
    address="https://github.com/kubernetes-sigs/gateway-api/releases/download/{version}/standard-install.yaml",
)
