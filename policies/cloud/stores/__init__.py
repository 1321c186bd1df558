"""Every store and broker the two clouds sell that this platform may buy: where each property of it lives.

One record per type, and every field of it filled, so that no rule forgets a type: an empty tuple says on purpose that
there is nothing to say, and the comment why. `aws_databases`, `aws_others` and `gcp` are the
tables.
"""

from collections.abc import Mapping
from typing import Final

from policies.cloud.stores.aws_databases import DATABASES
from policies.cloud.stores.aws_others import OTHERS
from policies.cloud.stores.gcp import GCP
from policies.cloud.stores.store import Store

STORES: Final[Mapping[str, Store]] = {**DATABASES, **OTHERS, **GCP}
"""By type token."""

__all__ = ["STORES", "Store"]
