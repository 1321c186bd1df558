"""Secrets: never written out, never shared, and only read by whom they belong to.

`sec-secret-marked` is told by `policies.credentials.states`, which reads the one place where secrecy is visible.
"""

from policies.rules.sec import belonging, delivery, plain
from policies.rules.sec.group import SEC

__all__ = ["SEC", "belonging", "delivery", "plain"]
