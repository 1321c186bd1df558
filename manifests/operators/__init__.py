"""The chart values of every installation, in each chart's own wire names, and the few objects of ours they lean on.

It decides nothing: replicas, sizes, names and modes come from `blueprint/operators`. It never spells a secret, only
names of Secrets, and it spells no key that the chart does not read: Helm ignores an unknown key silently, so a
misspelt protection would be no protection.

How the keys were checked. For each chart the project's repository was opened at the pinned tag and every dotted path
looked up in the chart's `values.yaml` (or its schema, or, where the comment above a function says so, in the template
that reads it); then each chart was rendered with these values by `helm template` 3.18.6 for every environment, twice,
and the output compared and read. `tests/golden/chart-keys/<installation>.txt` holds the paths and where each was
found; `tests/test_manifests_operators.py` refuses a path that is not listed there.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from blueprint.operators import (
    SELF_SIGNED_ISSUER,
    ArgoRollouts,
    CertManager,
    IstioBase,
    IstioCni,
    Istiod,
    Kong,
    MetricsServer,
    Operator,
    Operators,
)
from manifests.manifest import Manifest, manifest
from manifests.operators import controllers, istio, kong

VALUES: Final[Mapping[type[Operator], Callable[[Any], dict[str, Any]]]] = {
    ArgoRollouts: controllers.argo_rollouts,
    CertManager: controllers.cert_manager,
    IstioBase: istio.base,
    IstioCni: istio.cni,
    Istiod: istio.istiod,
    Kong: kong.kong,
    MetricsServer: controllers.metrics_server,
}
"""Kind of installation to the function that spells its values; a test proves it total."""


def values(operator: Operator) -> dict[str, Any]:
    """The Helm values of `operator`: JSON types only, the same on every call.

    Raises TypeError for a kind of installation that has no entry in `VALUES`.
    """
    spell = VALUES.get(type(operator))
    if spell is None:
        known = ", ".join(sorted(kind.__name__ for kind in VALUES))
        raise TypeError(
            f"{type(operator).__name__} '{operator.name}' has no chart values, so its chart would be installed with"
            f" defaults that were not reviewed. Add it to VALUES in manifests/operators beside: {known}."
        )
    return spell(operator)


def objects(operators: Operators) -> Iterator[Manifest]:
    """The objects of ours that the `leaning` charts need, to be made after the `foundation` is ready.

    The private certificates of Kong's admin connection and webhook, the issuer they start from (metrics-server's
    certificate starts there too), and Kong's IngressClass.
    """
    for operator in operators.charts:
        if isinstance(operator, CertManager):
            yield manifest("cert-manager.io/v1", "ClusterIssuer", SELF_SIGNED_ISSUER, None, spec={"selfSigned": {}})
        if isinstance(operator, Kong):
            yield from kong.beside(operator)
