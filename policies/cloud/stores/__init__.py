"""Every store and broker of the two clouds that this platform makes: where each property of it lives.

One record per type, and every field of it filled, so that no rule forgets a type: an empty tuple says on purpose that
there is nothing to say, and the comment why. `aws` and `gcp` are the tables.
"""

from collections.abc import Mapping
from typing import Final

from policies.cloud.stores.aws import AWS
from policies.cloud.stores.gcp import GCP
from policies.cloud.stores.store import Store

STORES: Final[Mapping[str, Store]] = {**AWS, **GCP}
"""By type token."""

__all__ = ["STORES", "Store"]
