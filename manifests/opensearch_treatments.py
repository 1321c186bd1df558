"""The rows of `manifests.treatments` for what the OpenSearch project's operator serves: one cluster is four kinds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from manifests.treating import CREDENTIALS, PREREQUISITES, Treatment

_IN_IT: Final = Treatment(
    after=("OpenSearchCluster",), wait_for="jsonpath={.status.state}=CREATED", replaced_by=("spec.opensearchCluster",)
)

TREATMENTS: Final[Mapping[str, Treatment]] = {
    # Its phase says that it runs before anything does.
    "opensearch.org/v1:OpenSearchCluster": Treatment(
        after=(*PREREQUISITES, "NetworkPolicy", *CREDENTIALS),
        wait_for="jsonpath={.status.initialized}=true",
        holds_data=True,
        protected=True,
        grows=("spec.nodePools.0.diskSize", "spec.nodePools.1.diskSize"),
        version="spec.general.image",
    ),
    "opensearch.org/v1:OpensearchRole": _IN_IT,
    "opensearch.org/v1:OpensearchUser": _IN_IT,
    "opensearch.org/v1:OpensearchUserRoleBinding": replace(_IN_IT, after=("OpensearchRole", "OpensearchUser")),
}
