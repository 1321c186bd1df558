"""Telemetry."""

from typing import Final

from policies.rule import Group

OBS: Final = Group("OBS", "Telemetry", secures=False)
