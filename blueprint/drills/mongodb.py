"""The restore drill of a MongoDB: one member of its size, from its newest full copy.

Only the owner's database is restored, where all its documents are: with the whole copy would come the live store's
users, and neither the operator nor the drill would be let in any more. The log between two copies is not tried
(docs/decisions/0052-restore-drills-of-mongodb-and-mysql.md).
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.catalogue.storing import Mongodb
from blueprint.context import Context
from blueprint.drills import restoring
from blueprint.drills.restoring import RestoreDrill
from blueprint.pins import Image
from blueprint.sizes import STORAGE_LIMIT_MIB, STORAGE_REQUEST_MIB, Amounts, Quota
from blueprint.stores import percona_mongodb
from blueprint.stores.percona_mongodb import PerconaMongodb

HAS_A_COLLECTION: Final = "db.getCollectionNames().length > 0"
"""What is asked where the owner asks nothing: a copy of an empty database proves little."""

RESTORER: Final = Amounts(
    cpu_request_millicores=100,
    cpu_limit_millicores=1000,
    memory_request_mib=512,
    memory_limit_mib=1024,
    storage_request_mib=STORAGE_REQUEST_MIB,
    storage_limit_mib=STORAGE_LIMIT_MIB,
)
"""The copier beside the restored member, which decompresses and writes; unmeasured estimates."""

COLLECTIONS: Final = 2
"""Collections that are restored at a time. By itself the copier takes half of the node's cores for their number (PBM
2.12.0, cmd/pbm-agent/restore.go: getNumParallelCollsConfig), whatever its container may have."""


@dataclass(frozen=True, kw_only=True)
class MongodbDrill(RestoreDrill):
    """One MongoDB, restored from its copies and asked a question."""

    architecture: str
    """Of the nodes its pods may run on."""
    copier: Image
    """Reads the copies, beside the restored member, and asks for it, in the drill's own pod."""
    collections: int
    """How many are restored at a time."""


def decide(store: PerconaMongodb, text: Mongodb, context: Context) -> MongodbDrill | None:
    """The drill of `store`, described by `text`; None where there is none."""
    namespace, pod = context.drill_namespace(store.service), store.size.amounts + RESTORER
    return restoring.decide(
        MongodbDrill,
        store,
        text,
        context,
        account=store.account,
        asked=HAS_A_COLLECTION,
        restorer=RESTORER,
        restored=Quota(pods=1, total=pod, claims=1, disk_gib=store.size.disk_gib),
        host=names.address(percona_mongodb.headless(store.resource), namespace),
        dns_names=percona_mongodb.dns_names(store.resource, namespace),
        architecture=store.architecture,
        copier=store.copier,
        collections=COLLECTIONS,
    )
