"""Secrets: never written out, never shared, and read only by the service they belong to.

`sec-secret-marked` is reported by `policies.credentials.states`, which reads the state, where secrets are marked.
"""

from policies.rules.sec import belonging, delivery, plain
from policies.rules.sec.group import SEC

__all__ = ["SEC", "belonging", "delivery", "plain"]
