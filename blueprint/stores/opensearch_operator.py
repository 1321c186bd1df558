"""An OpenSearch of the service's own, run by the OpenSearch project's operator beside its namespace.

One cluster per resource. Every node holds data; those of the first pool may lead, and there are always three of these.
What it becomes is spelled in `manifests.opensearch_operator`; why so, in
docs/decisions/0049-opensearch-runs-on-its-own-operator.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import deletion, names, store_names
from blueprint.authority import LEAF_HOURS
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Opensearch
from blueprint.connection import Connection
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.migrations import Migration
from blueprint.network_rules import NetworkRule, Peer, both_ends
from blueprint.pins import Image
from blueprint.sizes import STORAGE_LIMIT_MIB, STORAGE_REQUEST_MIB, Amounts, Quota
from blueprint.stores import edges, migrating, replicas, searching
from blueprint.stores.sizes import OPENSEARCH, StoreSize
from blueprint.vendors import STORE_PORTS

# The operator runs 2.19 and every 3.x (its README, "Compatibility"). The digest is the one with which public
# repositories pin this tag.
IMAGES: Final[Mapping[str, Image]] = {
    "3": Image(
        repository="docker.io/opensearchproject/opensearch",
        # renovate: datasource=docker depName=opensearchproject/opensearch
        tag="3.8.0@sha256:bcc1797519726ceb6d651d4a3e60b7c30da91793914a8dfe75fd441d4f641509",
    ),
}
"""Major version → image."""

NEWEST: Final = "3"
"""What a store gets that names no version."""

LEADERS: Final = 3
"""Nodes that may lead. The operator starts a cluster by a pod that leads first and leaves: of a single node no majority
would be left (opensearch-k8s-operator#233)."""

BOOTSTRAP_DISK_GIB: Final = 1
"""Of the pod that leads first (v3.0.0-alpha, pkg/builders/cluster.go: NewBootstrapPVC)."""

HELPER: Final = Amounts(
    cpu_request_millicores=100,
    cpu_limit_millicores=1000,
    memory_request_mib=512,
    memory_limit_mib=512,
    storage_request_mib=STORAGE_REQUEST_MIB,
    storage_limit_mib=STORAGE_LIMIT_MIB,
)
"""The Job that writes the users, which is a Java program, and the container that copies a node's configuration. An
estimate."""


@dataclass(frozen=True, kw_only=True)
class OperatedOpensearch:
    """One OpenSearch, and what its owner gets of it."""

    engine: str
    resource: str
    """Also the name of the OpenSearchCluster and of its Service."""
    egress: str
    why: str
    ports: tuple[int, ...]
    reached_at: tuple[Peer, ...]
    namespace: str
    connections: Mapping[str, Connection]
    rules: tuple[NetworkRule, ...]
    """At the store itself."""
    service: str
    service_namespace: str
    owner: str
    tier: str
    image: Image
    leaders: int
    """Nodes that hold data and may lead."""
    readers: int
    """Nodes that hold data and never lead."""
    over_zones: bool
    """Whether its nodes are in different zones."""
    spread_strictly: bool
    """Whether without exception, and no two of a pool on one node."""
    size: StoreSize
    helper: Amounts
    """What its operator runs beside the nodes for a moment."""
    storage_class: str | None
    user: str
    """May do anything with its indices, and nothing to the server. Also the name of its role."""
    account: str
    """The service account of its pods."""
    deletion: Deletion | None
    """What is left of it when its resource leaves the catalogue."""
    migration: Migration | None
    """What brings its indices up to date; None: its service does."""
    dns_names: tuple[str, ...]
    """What its certificate is for."""
    certificate_hours: int
    """How long that lives."""

    @property
    def quota(self) -> Quota:
        """Its nodes, the pod that leads first, and the Job that writes the users."""
        nodes = self.leaders + self.readers
        return Quota(
            pods=nodes + 2,
            total=self.size.amounts.times(nodes + 1) + self.helper,
            claims=nodes + 1,
            disk_gib=self.size.disk_gib * nodes + BOOTSTRAP_DISK_GIB,
        )

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        return self.size.amounts.at_least(self.helper)


def decide(service: Service, resource: str, text: Opensearch, context: Context) -> OperatedOpensearch:
    """The OpenSearch `resource` of `service`, described by `text`."""
    namespace, ports = context.data_namespace(service.name), STORE_PORTS["opensearch"]
    edge = edges.owned(service.name, resource, "opensearch", ports, context)
    (port,), host, user = ports, names.address(resource, namespace), _user(service.name, resource)
    session = searching.session(service.name, resource, user=user, host=host, port=port)
    migration, theirs = migrating.decide(service, resource, text, ports, context, session)
    available = replicas.available(text, context.environment)
    return OperatedOpensearch(
        engine="opensearch",
        resource=resource,
        egress=names.store(resource),
        why=edge.why,
        ports=ports,
        reached_at=edge.target,
        namespace=namespace,
        connections={resource: searching.connection(service.name, resource, user=user, host=host, port=port)},
        rules=(
            *both_ends(edge),
            *theirs,
            *edges.operated(service.name, resource, "opensearch", context, copied=False),
        ),
        service=service.name,
        service_namespace=context.namespace(service.name),
        owner=service.spec.owner,
        tier=service.spec.tier,
        image=IMAGES[text.params.version or NEWEST],
        leaders=LEADERS,
        readers=replicas.readers(text, context.environment),
        over_zones=available,
        spread_strictly=available and context.environment == "prod",
        size=OPENSEARCH[context.environment][text.class_],
        helper=HELPER,
        storage_class=context.settings.disks.storage_class,
        user=user,
        account=store_names.store_account(resource),
        deletion=deletion.decide(text, context),
        migration=migration,
        dns_names=edges.dns_names(resource, namespace),
        certificate_hours=LEAF_HOURS,
    )


def _user(service: str, resource: str) -> str:
    """Objects of the operator's say who a user is by their own name, and two stores of a service are in one namespace.
    None of OpenSearch's own has a hyphen."""
    return names.connection(service, resource)
