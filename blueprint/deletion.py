"""What is left of a store or a volume whose resource leaves the catalogue.

Nothing is kept where nothing is lost: an ephemeral stack has to go without a trace, and the disks of a simulated
cluster hold nothing.
"""

from typing import Literal

from blueprint.catalogue.owning import Volume
from blueprint.catalogue.storing import Store
from blueprint.context import Context

Deletion = Literal["retain", "delete"]
"""`retain`: the store stays in the cluster with its disks, out of the state. `delete`: both go with the resource."""


def decide(text: Store | Volume, context: Context) -> Deletion | None:
    """What is left of the store or volume described by `text`; None: it holds nothing that anybody would miss.

    `snapshot` keeps the store until a last copy of it can be made (`blueprint.unmade`).
    """
    if context.environment == "ephemeral" or context.cluster.simulated:
        return None
    return "delete" if text.deletion == "delete" else "retain"
