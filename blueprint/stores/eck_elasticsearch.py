"""An Elasticsearch of the service's own, run by Elastic's operator (ECK) beside its namespace.

One cluster per resource. Every node holds data; those of the first set may lead. What it becomes is spelled in
`manifests.eck_elasticsearch`; why so, in docs/decisions/0047-elasticsearch-runs-on-eck.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import deletion, names, store_names
from blueprint.authority import LEAF_HOURS
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Elasticsearch
from blueprint.connection import Connection
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.migrations import Migration
from blueprint.network_rules import NetworkRule, Peer, both_ends
from blueprint.pins import Image
from blueprint.sizes import Amounts, Quota
from blueprint.stores import copies, copy_jobs, edges, migrating, replicas, searching
from blueprint.stores.copies import Copies
from blueprint.stores.copy_jobs import Asked, CopyJob
from blueprint.stores.sizes import ELASTICSEARCH, StoreSize
from blueprint.vendors import STORE_PORTS

# ECK 3.5 runs every 9.x (pkg/controller/elasticsearch/version/supported_versions.go). The digest is the one with which
# public repositories pin this tag.
IMAGES: Final[Mapping[str, Image]] = {
    "9": Image(
        repository="docker.elastic.co/elasticsearch/elasticsearch",
        # renovate: datasource=docker depName=docker.elastic.co/elasticsearch/elasticsearch
        tag="9.5.2@sha256:9c1e1afc2bda921b35025e21c72ec6e392266995aa35ad6a47887363592718be",
    ),
}
"""Major version → image."""

NEWEST: Final = "9"
"""What a store gets that names no version."""


@dataclass(frozen=True, kw_only=True)
class EckElasticsearch:
    """One Elasticsearch, and what its owner gets of it."""

    engine: str
    resource: str
    """Also the name of the Elasticsearch object."""
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
    spread_strictly: bool
    """Whether two pods may never share a node."""
    size: StoreSize
    storage_class: str | None
    user: str
    """May do anything with its indices, and nothing to the server."""
    account: str
    """The service account of its pods."""
    copies: Copies | None
    copying: CopyJob | None
    """Who asks for these copies, which the nodes write."""
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
        """Its pods, one of which is gone before the next takes its place, and a run that copies."""
        pods = self.leaders + self.readers
        nodes = Quota(pods=pods, total=self.size.amounts.times(pods), claims=pods, disk_gib=self.size.disk_gib * pods)
        return nodes + self.copying.quota if self.copying else nodes

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        return self.size.amounts.at_least(self.copying.largest) if self.copying else self.size.amounts


def decide(service: Service, resource: str, text: Elasticsearch, context: Context) -> EckElasticsearch:
    """The Elasticsearch `resource` of `service`, described by `text`."""
    namespace, ports = context.data_namespace(service.name), STORE_PORTS["elasticsearch"]
    edge = edges.owned(service.name, resource, "elasticsearch", ports, context)
    (port,), host, user = ports, names.address(_service(resource), namespace), service.name
    size, away = ELASTICSEARCH[context.environment][text.class_], copies.decide(service, resource, text, context)
    session = searching.session(service.name, resource, user=user, host=host, port=port)
    migration, theirs = migrating.decide(service, resource, text, ports, context, session)
    return EckElasticsearch(
        engine="elasticsearch",
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
            *edges.operated(service.name, resource, "elasticsearch", context, copied=away is not None),
        ),
        service=service.name,
        service_namespace=context.namespace(service.name),
        owner=service.spec.owner,
        tier=service.spec.tier,
        image=IMAGES[text.params.version or NEWEST],
        leaders=replicas.voters(text, context.environment),
        readers=replicas.readers(text, context.environment),
        spread_strictly=context.environment == "prod",
        size=size,
        storage_class=context.settings.disks.storage_class,
        user=user,
        account=store_names.store_account(resource),
        copies=away,
        copying=copy_jobs.decide(service, resource, away, _asked(resource, text, host, port), context, size.disk_gib),
        deletion=deletion.decide(text, context),
        migration=migration,
        dns_names=_dns_names(resource, namespace),
        certificate_hours=LEAF_HOURS,
    )


def _asked(resource: str, text: Elasticsearch, host: str, port: int) -> Asked:
    return Asked(
        engine="elasticsearch",
        image=IMAGES[text.params.version or NEWEST],
        host=host,
        port=port,
        user=copy_jobs.USER,
        secret=store_names.copier(resource),
        database=None,
        by_itself=True,
    )


def _service(resource: str) -> str:
    """The operator's Service before every node that answers."""
    return f"{resource}-es-http"


def _dns_names(resource: str, namespace: str) -> tuple[str, ...]:
    """The Service of clients and that of the operator and of the nodes' last act (ECK v3.5.0, pkg/apis/elasticsearch/v1
    name.go)."""
    services = (_service(resource), f"{resource}-es-internal-http")
    return tuple(name for service in services for name in edges.dns_names(service, namespace))
