"""Whose signature on a store's certificate its clients believe: the stack's authority, by a file of each store."""

from blueprint import names, store_names
from blueprint.connection import Trust


def of_store(resource: str) -> Trust:
    """What the clients of the store `resource` are given."""
    return Trust(folder=store_names.authority_folder(resource), secret=names.STORE_CLIENT)
