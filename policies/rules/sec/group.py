"""The group, and what its modules share about whose namespace is whose."""

from typing import Final

from blueprint import store_names
from policies.core.rule import Group

SEC: Final = Group("SEC", "Secrets")


def owner(namespace: str) -> str:
    """The service whose namespace `namespace` is, or whose stores are in it."""
    return store_names.stores_of(namespace)
