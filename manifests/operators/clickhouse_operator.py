"""The chart of Altinity's operator for ClickHouse. No ClickHouse is made here (`manifests.altinity_clickhouse`)."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from blueprint.operators.clickhouse_operator import ClickhouseOperator
from manifests.credentials import drawn
from manifests.manifest import Manifest
from manifests.operators.fragments import runtime_default
from manifests.operators.spelling import Spelling
from manifests.pods import RESTRICTED
from manifests.resources import resources

ACCOUNT: Final = "clickhouse_operator"
"""As whom the operator asks every ClickHouse: its own default. Each lets it in from the operator's pod alone."""

NOBODY: Final = 65_534
"""The image's user `nobody`, by number: a name alone does not prove that it is not root."""


# Altinity/clickhouse-operator release-0.25.6 (8d7dc3f2), deploy/helm/clickhouse-operator/values.yaml. The definitions
# are in the chart's `crds/` folder; the hook that would install them again runs an image of no version. By itself the
# operator has a password everybody knows, asks over HTTP, watches its own namespace alone, is not restricted and asks
# for no resources. It does not verify whose certificate it is shown (pkg/model/clickhouse/connection.go), and the chart
# has no volume for an authority. Its exporter is off, because nobody reads it yet.
def _values(clickhouse: ClickhouseOperator) -> dict[str, Any]:
    access = {"port": 8443, "scheme": "https", "secret": {"name": clickhouse.name}}
    return {
        "configs": {
            "files": {"config.yaml": {"clickhouse": {"access": access}, "watch": {"namespaces": ["-data$"]}}},
        },
        "crdHook": {"enabled": False},
        "fullnameOverride": clickhouse.name,
        "metrics": {"enabled": False},
        "operator": {
            "containerSecurityContext": deepcopy(RESTRICTED),
            "resources": resources(clickhouse.controller),
        },
        "podSecurityContext": {
            "runAsGroup": NOBODY,
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "seccompProfile": runtime_default(),
        },
        "secret": {"create": False},
    }


def _beside(clickhouse: ClickhouseOperator) -> Iterator[Manifest]:
    """The password with which the operator asks every ClickHouse, before the operator starts and reads it once."""
    yield from drawn(
        clickhouse.name,
        clickhouse.namespace,
        kind="Opaque",
        data={"password": "{password}", "username": ACCOUNT},
        labels={},
        watched={},
    )


SPELLING: Final = Spelling(values=_values, beside=_beside)
