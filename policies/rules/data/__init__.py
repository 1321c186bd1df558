"""Stores and brokers: the clouds' and the operators'. Absence is judged by the provider's default.

Which property of which type says what is in `policies.cloud.stores`; the rules here only ask.
"""

from policies.rules.data import backups, channels, disks, encryption, keeping, owning, permissions, reading
from policies.rules.data.group import DATA

__all__ = ["DATA", "backups", "channels", "disks", "encryption", "keeping", "owning", "permissions", "reading"]
