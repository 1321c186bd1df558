"""Secrets."""

from typing import Final

from policies.rule import Group

SEC: Final = Group("SEC", "Secrets")
