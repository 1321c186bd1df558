"""Where each store of a service lives, and how it is reached.

One module per placement, with a decision type of its own. Which placement an engine has is the stack's
(`settings.data`).
"""

from collections.abc import Callable, Mapping
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.owning import AnyStore
from blueprint.catalogue.owning import Store as StoreText
from blueprint.context import Context
from blueprint.settings import Placement
from blueprint.stores.namespaced import InNamespace, in_namespace

Store = InNamespace
"""Every type of decision about a store."""

Maker = Callable[[Service, str, AnyStore, Context], Store]

MAKERS: Final[Mapping[tuple[str, Placement], Maker]] = {
    ("clickhouse", "operator"): in_namespace,
    ("elasticsearch", "managed"): in_namespace,
    ("elasticsearch", "operator"): in_namespace,
    ("mongodb", "managed"): in_namespace,
    ("mongodb", "operator"): in_namespace,
    ("postgres", "managed"): in_namespace,
    ("postgres", "operator"): in_namespace,
    ("redis", "managed"): in_namespace,
    ("redis", "operator"): in_namespace,
}
"""Engine and placement → maker. Total over `settings.Data`; a test says so. Managed stores keep the rules of those in
a namespace until a cluster in a cloud has a subnet for them; `blueprint.unmade` says that they are not made."""


def decide(service: Service, context: Context) -> tuple[Store, ...]:
    """The stores of `service`, by name."""
    return tuple(
        MAKERS[text.type, getattr(context.settings.data, text.type)](service, resource, text, context)
        for resource, text in sorted(service.spec.resources.items())
        if isinstance(text, StoreText)
    )
