"""Stores and brokers."""

from typing import Final

from policies.rule import Group

DATA: Final = Group("DATA", "Stores and brokers")
