"""What can be decided about an installation: one class per kind, because each has its own questions.

It decides nothing and spells nothing. Only the CNI agent cares where a platform keeps its binaries, only Kong has a
webhook that can block a namespace; a field here is a field of one kind and no flag of all.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import pins


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What one container asks for and what it may take at most."""

    cpu_request_millicores: int
    cpu_limit_millicores: int
    """At most ten times the request: the ceiling our policies put on over-commitment."""
    memory_request_mebibytes: int
    memory_limit_mebibytes: int
    """At most twice the request, for the same reason."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A private certificate between two controllers, issued by cert-manager so that no key enters our state."""

    name: str
    """Name of the Certificate and of the Secret it fills."""
    dns_names: tuple[str, ...]
    usage: str
    """`server auth` or `client auth`."""
    life_hours: int


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One installation: a chart at an exact version, under a release name, in a namespace."""

    name: str
    """Release name. Most object names of the chart follow from it: changing it replaces the installation."""
    namespace: str
    """Namespace, made elsewhere before the chart."""
    chart: pins.Chart
    skip_crds: bool = False
    """True where the chart's `crds/` folder must not be installed because a CrdBundle brings the same CRDs."""


@dataclass(frozen=True, kw_only=True)
class IstioBase(Operator):
    """Istio's CRDs and its default validation webhook."""


@dataclass(frozen=True, kw_only=True)
class IstioCni(Operator):
    """The agent on every node that sets up a pod's redirection, so that pods need no NET_ADMIN."""

    platform: str | None
    """One of PLATFORMS, or None for the usual CNI folders."""
    agent: Allowance


@dataclass(frozen=True, kw_only=True)
class Istiod(Operator):
    """The mesh's control plane and its certificate authority."""

    platform: str | None
    trust_domain: str
    """First part of every SPIFFE identity. Changing it on a running mesh breaks every AuthorizationPolicy at once."""
    replicas: int
    """Fixed count where it equals `replicas_at_most`, otherwise the autoscaler's minimum."""
    replicas_at_most: int
    discovery: Allowance
    sidecar: Allowance
    """Of every injected proxy, unless a workload's annotations say otherwise."""


@dataclass(frozen=True, kw_only=True)
class CertManager(Operator):
    """Issues and renews certificates."""

    replicas: int
    """Of the controller and of the CA injector: one leads, the others wait."""
    webhook_replicas: int
    controller: Allowance
    injector: Allowance
    webhook: Allowance


@dataclass(frozen=True, kw_only=True)
class Kong(Operator):
    """The edge: Kong without a database, and the controller that feeds it from Gateway API objects."""

    gateway_image: pins.Image
    gateway_replicas: int
    gateway: Allowance
    controller_image: pins.Image
    controller_replicas: int
    controller: Allowance
    meshed: bool
    """Whether the gateway's outbound traffic goes through a sidecar. Its inbound never does, nor the controller."""
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
    """Secret in the same namespace with the rate limiter's Redis password."""
    redis_secret_key: str


@dataclass(frozen=True, kw_only=True)
class ArgoRollouts(Operator):
    """Canary and blue-green deployments."""

    image: pins.Image
    replicas: int
    istio: bool
    """Whether it may shift weights in VirtualServices and DestinationRules."""
    controller: Allowance


@dataclass(frozen=True, kw_only=True)
class MetricsServer(Operator):
    """CPU and memory use of pods, for autoscalers."""

    replicas: int
    verify_kubelets: bool
    """False where kubelets sign their own certificates (kind, minikube)."""
    server: Allowance


@dataclass(frozen=True, kw_only=True)
class Operators:
    """Everything to install, in four steps, each begun when the one before it is ready.

    The CRD bundles; the charts that lean on nothing of ours; our certificates and issuers
    (`manifests.operators.objects`); the charts that mount or name them.
    """

    crds: tuple[pins.CrdBundle, ...]
    foundation: tuple[Operator, ...]
    """In install order. Never ends with cert-manager: its Deployments are ready some seconds before the API server
    trusts its webhook (the chart's start-up check is a hook and never runs), and the step after needs that trust."""
    leaning: tuple[Operator, ...]
    """In install order."""

    @property
    def charts(self) -> tuple[Operator, ...]:
        """All charts, in install order."""
        return self.foundation + self.leaning


NONE: Final = Operators(crds=(), foundation=(), leaning=())
"""Installs nothing: someone else runs the controllers, or nothing does."""
