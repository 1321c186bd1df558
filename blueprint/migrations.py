"""What brings the schema of a store up to date: a Job that ends before a new version of its service starts.

Its account, labels and network rules are its own, so that it reaches the resolver and that one store, and no Service
leads to it. It has a proxy like every pod of the namespace, one that ends with it
(docs/decisions/0042-migrations-are-jobs-that-end-before-a-version-starts.md). Whether a store has one, and what its
tool finds in its environment, is for the store's own module to say (`blueprint.stores`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from blueprint import names, sizes
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Migrations
from blueprint.connection import Trust
from blueprint.context import Context
from blueprint.network_rules import Edge, NetworkRule, Pods, both_ends, tcp
from blueprint.platform_rules import Served, platform_edges
from blueprint.sizes import Amounts, Quota
from blueprint.variables import Composed, FromSecret
from blueprint.vendors import PROBE_PORTS


@dataclass(frozen=True, kw_only=True)
class Session:
    """How a migration reaches its store, past whatever stands before it."""

    environment: tuple[FromSecret | Composed, ...]
    """What its tool finds, in order."""
    trust: Trust
    """Whose signature on the store's certificate is to be believed."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """A run of an image against one store; another image or command is another run."""

    service: str
    namespace: str
    """The service's."""
    owner: str
    tier: str
    resource: str
    """The store."""
    image: str
    command: tuple[str, ...]
    session: Session
    user: int
    group: int
    pull_secrets: tuple[str, ...]
    amounts: Amounts
    proxy: Amounts | None
    """The mesh's; None: there is none."""
    retries: int
    """Further pods after one that failed."""
    deadline_seconds: int
    """How long it may take with these."""
    rules: tuple[NetworkRule, ...]
    """At its own pods; the store's end is the store's."""

    @property
    def quota(self) -> Quota:
        """One pod at a time: the next one starts when the one before has ended, and such a pod counts no more."""
        return Quota(pods=1, total=self.amounts + self.proxy if self.proxy else self.amounts)


def decide(
    service: Service,
    resource: str,
    text: Migrations,
    context: Context,
    to_store: Edge,
    session: Session,
) -> Migration:
    """The migration of `resource` as `text` asks for it, over the edge `to_store`."""
    edges = (*_platform(service.name, resource, context), to_store)
    rules = [rule for each in edges for rule in both_ends(each)]
    namespace = context.namespace(service.name)
    return Migration(
        service=service.name,
        namespace=namespace,
        owner=service.spec.owner,
        tier=service.spec.tier,
        resource=resource,
        image=text.image,
        command=text.command,
        session=session,
        user=service.spec.user,
        group=service.spec.group,
        pull_secrets=context.settings.image_pull_secrets,
        amounts=sizes.MIGRATION,
        proxy=sizes.PROXY[context.environment] if context.meshed else None,
        retries=sizes.MIGRATION_RETRIES,
        deadline_seconds=sizes.MIGRATION_SECONDS,
        rules=tuple(rule for rule in rules if rule.namespace == namespace),
    )


def edge(service: str, resource: str, store: Pods, ports: tuple[int, ...], context: Context) -> Edge:
    """The edge from the migrations of `service` to the pods of its `store`."""
    return Edge(
        why=f"the migrations of {service} change the schema of {resource}",
        source=(_pods(service, resource, context),),
        target=(store,),
        ports=tcp(*ports),
        egress=f"{names.migrations(resource)}.store",
        ingress=names.from_(context.namespace(service), resource, "migrations"),
    )


def _pods(service: str, resource: str, context: Context) -> Pods:
    return Pods(namespace=context.namespace(service), labels={names.MIGRATION: resource})


_KEPT: Final = ("dns", "istiod", "kubelet")
"""Of what every pod needs: names, and what its proxy starts with. Nobody reads the metrics of a pod that ends."""


def _platform(service: str, resource: str, context: Context) -> Iterator[Edge]:
    served = Served(probes=PROBE_PORTS if context.meshed else ())
    found = platform_edges(_pods(service, resource, context), names.migrations(resource), served, context.surroundings)
    yield from (edge for name, edge in found.items() if name in _KEPT)
