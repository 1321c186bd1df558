"""What is said of a store, and how much of it its service asks for."""

from dataclasses import dataclass
from typing import Final

from blueprint.catalogue.storing import Backup
from blueprint.catalogue.storing import Store as Owned
from blueprint.quantities import seconds
from policies.cloud.tags import service_of
from policies.cloud.wants import Want
from policies.core.facts import Facts
from policies.objects import Object

Wants = tuple[Want, ...]

LONGEST_DAYS: Final = 35
"""Days AWS keeps automated backups at most (RDS user guide, "Backup retention period")."""
DAY: Final = 86_400
"""Seconds."""
EVERYBODYS: Final = ("admin", "administrator", "default", "guest", "master", "mysql", "postgres", "root", "sa", "user")
"""User names every list of guesses begins with."""
PASSWORD: Final = 16
"""Characters of a random password: 80 bits even of lower-case letters alone (NIST SP 800-63B asks for 8)."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """One type of store. No field has a default: leaving one out is an error, not an oversight."""

    at_rest: Wants
    """Encrypted on disk."""
    own_key: Wants
    """With a key of ours."""
    in_transit: Wants
    """Encrypted and authenticated on the wire, as far as the resource itself says so."""
    private: Wants
    """Not reachable from the internet."""
    backups: Wants
    """Copies, for long enough."""
    kept: Wants
    """Not deleted by accident."""
    zones: Wants
    """In more than one zone."""
    password: Wants
    """A master password nobody wrote down, for a user that is not everybody's."""
    upgrades: Wants
    """Minor versions by themselves."""
    version: tuple[str, ...]
    """Where the engine's name ("" where it is part of the version) and its version are written, and the engine where
    none is; empty: the cloud's business, or no days are published."""
    ports: tuple[int, ...]
    """TCP ports of the engine."""
    of_one: bool
    """Whether it is one service's; brokers are everybody's."""
    protected: bool
    """Whether the program protects it: not the parts of a cluster, which hold nothing by themselves."""


def retention(thing: Object, facts: Facts) -> float:
    """Days backups of `thing` stay at least: the environment's, or what its service asks for."""
    return max(facts.limits.cloud.backup_days, min(_asked(thing, facts), LONGEST_DAYS))


def _asked(thing: Object, facts: Facts) -> float:
    if facts.environment != "prod":
        return 0
    service = facts.service.get(service_of(thing)) if facts.service else None
    resources = service.spec.resources.values() if service else ()
    backups = [each.backup for each in resources if isinstance(each, Owned) and isinstance(each.backup, Backup)]
    return max((seconds(backup.retention) / DAY for backup in backups), default=0)
