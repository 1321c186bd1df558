"""A tenant's copy of the services is judged as the base stack it copies.

Namespaces carry the tenant before the service (`pr7--order-service`); everything a rule knows, and every exception an
owner wrote, is about `order-service`. So the mark is taken off before the rules look, and findings name the service.
"""

from dataclasses import replace
from typing import Any

from blueprint.names import TENANT_MARK
from policies.objects import Object


def as_base(thing: Object, tenant: str | None) -> Object:
    """`thing` as the base stack would have it; itself without a tenant."""
    return replace(thing, props=plain(thing.props, tenant)) if tenant else thing


def plain(value: Any, tenant: str | None) -> Any:
    """`value` with the mark of `tenant` taken off every text in it, keys included."""
    if not tenant:
        return value
    if isinstance(value, str):
        return value.replace(f"{tenant}{TENANT_MARK}", "")
    if isinstance(value, dict):
        return {plain(key, tenant): plain(entry, tenant) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry, tenant) for entry in value]
    return value
