"""The rows of `manifests.treatments` for what the OpenSearch project's operator serves: one cluster is four kinds."""

from collections.abc import Mapping
from typing import Final

from manifests.treating import CREDENTIALS, PREREQUISITES, Treatment

CREATED: Final = "jsonpath={.status.state}=CREATED"

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
    "opensearch.org/v1:OpensearchRole": Treatment(
        after=("OpenSearchCluster",),
        wait_for=CREATED,
        replaced_by=("spec.opensearchCluster",),
    ),
    "opensearch.org/v1:OpensearchUser": Treatment(
        after=("OpenSearchCluster",),
        wait_for=CREATED,
        replaced_by=("spec.opensearchCluster",),
    ),
    "opensearch.org/v1:OpensearchUserRoleBinding": Treatment(
        after=("OpensearchRole", "OpensearchUser"),
        wait_for=CREATED,
        replaced_by=("spec.opensearchCluster",),
    ),
}
