"""cert-manager: issues and renews certificates.

Which certificates there are is their users' (`kong.py`, `blueprint.gateway`); this is the controller that fills them.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import GATEWAY_API_CRDS, Chart
from blueprint.sizes import Amounts

NAME: Final = "cert-manager"

CHART: Final = Chart(
    repository="https://charts.jetstack.io",
    name="cert-manager",
    # renovate: datasource=helm depName=cert-manager registryUrl=https://charts.jetstack.io
    version="v1.21.1",
    app_version="v1.21.1",
)

CONTROLLER: Final = Sizes(small=amounts(25, 250, 96, 192), large=amounts(50, 500, 128, 256))
INJECTOR: Final = Sizes(small=amounts(25, 250, 96, 192), large=amounts(50, 500, 128, 256))
WEBHOOK: Final = Sizes(small=amounts(25, 250, 48, 96), large=amounts(50, 500, 64, 128))
"""Unmeasured estimates."""

SELF_SIGNED_ISSUER: Final = "platform-self-signed"
"""The ClusterIssuer that starts the private chains of trust between controllers. It signs nothing a user meets."""


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
class CertManager(Operator):
    """Issues and renews certificates."""

    replicas: int
    """Of the controller and of the CA injector: one leads, the others wait."""
    webhook_replicas: int
    controller: Amounts
    injector: Amounts
    webhook: Amounts


def _decide(context: Context) -> CertManager:
    scale = SCALES[context.environment]
    return CertManager(
        name=NAME,
        namespace=names.CERT_MANAGER,
        chart=CHART,
        replicas=scale.standby,
        webhook_replicas=scale.serving,
        controller=scale.of(CONTROLLER),
        injector=scale.of(INJECTOR),
        webhook=scale.of(WEBHOOK),
    )


INSTALLABLE: Final = Installable(
    decision=CertManager,
    decide=_decide,
    after=("istiod",),  # the mesh first: whatever follows may be a part of it
    namespace=PlatformNamespace(name=names.CERT_MANAGER, purpose="issues certificates"),
    # Told to answer challenges through the Gateway, it does not start without these.
    crds=(GATEWAY_API_CRDS,),
    owns=(
        "Certificate.cert-manager.io",
        "CertificateRequest.cert-manager.io",
        "Challenge.acme.cert-manager.io",
        "ClusterIssuer.cert-manager.io",
        "Issuer.cert-manager.io",
        "Order.acme.cert-manager.io",
    ),
)
