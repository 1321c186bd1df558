"""The chart of Istio's CRDs and default webhook. None of the mesh's own objects is made here (`manifests.mesh`).

Istio's charts read their values at the root; the folder `_internal_defaults_do_not_set` in their values.yaml holds
their defaults and is not for users.
"""

from typing import Any, Final

from blueprint.operators.istio_base import IstioBase
from manifests.operators.spelling import Spelling


# istio/istio 1.30.3, manifests/charts/base. `base.validationFailurePolicy` is not in its values.yaml: read in
# templates/defaultrevision-validatingwebhookconfiguration.yaml. Set to what istiod would change it to, or every
# update would fight istiod over the field. The CRDs are ordinary templates here, so nothing is skipped.
def _values(_: IstioBase) -> dict[str, Any]:
    return {
        "base": {"validationFailurePolicy": "Fail"},
        "defaultRevision": "default",
        "global": {"enableReaderRBAC": False},
    }


SPELLING: Final = Spelling(values=_values)
