"""The DATA group, and what its rules share."""

from collections.abc import Callable, Mapping
from typing import Final

from policies.cloud.stores import STORES, Store
from policies.cloud.wants import Want
from policies.core.rule import Group

DATA: Final = Group("DATA", "Stores and brokers")

STORE: Final = "services/{service}.yaml: resources, or components/"
"""Where a store's owner asks, and where the program answers."""
MESSAGING: Final = "services/{service}.yaml: events, or manifests/"
"""Where channels are declared, and where the program makes them."""


def of_stores(field: Callable[[Store], tuple[Want, ...]]) -> Mapping[str, tuple[Want, ...]]:
    """One column of the table of stores."""
    return {token: field(store) for token, store in STORES.items()}
