"""What changes the schema of a store, and the store's end of the way to it: the same for every engine that has one."""

from blueprint import migrations
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Shaped
from blueprint.context import Context
from blueprint.migrations import Migration, Session
from blueprint.network_rules import NetworkRule, both_ends
from blueprint.stores import edges


def decide(
    service: Service, resource: str, text: Shaped, ports: tuple[int, ...], context: Context, session: Session
) -> tuple[Migration | None, tuple[NetworkRule, ...]]:
    """The migration of `resource` in `session`, and the rules at the store; nothing where its service migrates by
    itself."""
    if text.migrations is None:
        return None, ()
    way = migrations.edge(service.name, resource, edges.pods(service.name, resource, context), ports, context)
    there = context.data_namespace(service.name)
    return (
        migrations.decide(service, resource, text.migrations, context, way, session),
        tuple(rule for rule in both_ends(way) if rule.namespace == there),
    )
