"""External Secrets: fills Secrets from generators and from stores outside, so that no value enters our state.

Which Secrets there are is their users' (`blueprint.secrets`, `blueprint.kong_redis`); this is the controller.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import authority, names, secrets
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart
from blueprint.sizes import Amounts

NAME: Final = "external-secrets"

CHART: Final = Chart(
    repository="https://charts.external-secrets.io",
    name="external-secrets",
    # renovate: datasource=helm depName=external-secrets registryUrl=https://charts.external-secrets.io
    version="2.9.0",
    app_version="v2.9.0",
)

CONTROLLER: Final = Sizes(small=amounts(25, 250, 64, 128), large=amounts(50, 500, 128, 256))
"""Unmeasured estimates."""


@dataclass(frozen=True, kw_only=True)
class ExternalSecrets(Operator):
    """Fills Secrets from generators."""

    replicas: int
    """One leads, the others wait."""
    serves: str | None
    """The one namespace whose Secrets it may read and write, and the only one it looks into. None: all of them, once
    services have credentials of their own; it knows no number in between."""
    controller: Amounts

    @property
    def namespaces(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.namespace, self.serves)))


def _decide(context: Context) -> ExternalSecrets:
    scale = SCALES[context.environment]
    return ExternalSecrets(
        name=NAME,
        namespace=names.EXTERNAL_SECRETS,
        chart=CHART,
        replicas=scale.standby,
        serves=None if authority.decide(context) or secrets.wanted(context) else names.KONG,
        controller=scale.of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=ExternalSecrets,
    decide=_decide,
    after=("istiod",),  # the mesh first: whatever follows may be a part of it
    namespace=PlatformNamespace(name=names.EXTERNAL_SECRETS, purpose="draws passwords"),
    owns=(
        "ExternalSecret.external-secrets.io",
        "Password.generators.external-secrets.io",
        "SecretStore.external-secrets.io",
    ),
)
