"""The restore drill of a PostgreSQL: one pod of its size, from its newest copy and all of its log that has arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.authority import LEAF_HOURS
from blueprint.catalogue.storing import Postgres, PostgresBackup
from blueprint.context import Context
from blueprint.drills import edges, timing
from blueprint.drills.timing import Timing
from blueprint.network_rules import NetworkRule
from blueprint.pins import Image
from blueprint.settings import S3
from blueprint.sizes import STORAGE_LIMIT_MIB, STORAGE_REQUEST_MIB, Amounts, Quota
from blueprint.stores.cloudnative_pg import ARCHIVER, CloudNativePg
from blueprint.stores.edges import dns_names
from blueprint.stores.sizes import StoreSize

KUBECTL: Final = Image(
    repository="registry.k8s.io/kubectl",
    # renovate: datasource=docker depName=registry.k8s.io/kubectl
    tag="v1.34.1@sha256:59bafa07ff3a6d4b417e7633ddb9d79a9606ca98bf64bac080b3e65748669250",
)
"""The project's own image: the program and nothing else, no shell either."""

STEP: Final = Amounts(
    cpu_request_millicores=25,
    cpu_limit_millicores=250,
    memory_request_mib=64,
    memory_limit_mib=128,
    storage_request_mib=STORAGE_REQUEST_MIB,
    storage_limit_mib=STORAGE_LIMIT_MIB,
)
"""A client that asks and waits, one after another: kubectl, psql. Unmeasured estimates."""

HAS_A_TABLE: Final = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname NOT IN ('information_schema', 'pg_catalog'))"
)
"""What is asked where the owner asks nothing: a copy of an empty database proves little."""

UNUSED: Final = frozenset({"archive_timeout", "password_encryption"})
"""Settings that matter to what is written from now on: the log, and passwords (PostgreSQL's own default for these is
the live store's)."""

TIER: Final = "best-effort"
"""A drill gives way to everything else when nodes are full. Then it is late, and an alert says so if it stays so."""


@dataclass(frozen=True, kw_only=True)
class PostgresDrill:
    """One store, restored from its copies and asked a question."""

    service: str
    owner: str
    resource: str
    """Also the name of the restored Cluster."""
    namespace: str
    tier: str
    timing: Timing
    rules: tuple[NetworkRule, ...]
    path: str
    """Where the copies are: below it they are called after the live Cluster."""
    role: str
    """As whom the restored pods read them."""
    image: Image
    size: StoreSize
    storage_class: str | None
    parameters: Mapping[str, str]
    """The live store's: with fewer connections than it had, PostgreSQL does not replay its log."""
    database: str
    user: str
    check: str
    """SQL that must answer true."""
    restorer: Amounts
    """Of the plugin's container that fetches the copy."""
    runner: Image
    """What makes, awaits and removes the restored store."""
    step: Amounts
    """Of each container of the drill's own pods, which run one after another."""
    host: str
    """Where the restored store answers."""
    dns_names: tuple[str, ...]
    """What its certificate is for."""
    certificate_hours: int

    @property
    def quota(self) -> Quota:
        """The pod that fetches the copy and the one that starts from it, on one disk; the drill, and what sweeps up."""
        restored = (self.size.amounts + self.restorer).times(2)
        return Quota(pods=4, total=restored + self.step.times(2), claims=1, disk_gib=self.size.disk_gib)

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        return self.size.amounts.at_least(self.restorer).at_least(self.step)


def decide(store: CloudNativePg, text: Postgres, context: Context) -> PostgresDrill | None:
    """The drill of `store`, described by `text`; None where no copies are made, or nobody asks for it."""
    target, backup, namespace = context.settings.backups.copies, text.backup, context.drill_namespace(store.service)
    if not store.copies or not isinstance(target, S3) or not isinstance(backup, PostgresBackup):
        return None
    when, service = timing.decide(namespace, store.resource, backup), f"{store.resource}-rw"
    if not when or not target.drill_role:
        return None
    return PostgresDrill(
        service=store.service,
        owner=store.owner,
        resource=store.resource,
        namespace=namespace,
        tier=TIER,
        timing=when,
        rules=edges.rules(namespace, store.resource, store.engine, context),
        path=store.copies.path,
        role=target.drill_role.format(service=store.service),
        image=store.image,
        size=store.size,
        storage_class=store.storage_class,
        parameters={name: value for name, value in store.parameters.items() if name not in UNUSED},
        database=store.database,
        user=store.user,
        check=backup.restore_check or HAS_A_TABLE,
        restorer=ARCHIVER,
        runner=KUBECTL,
        step=STEP,
        host=names.address(service, namespace),
        dns_names=(service, *dns_names(service, namespace)),
        certificate_hours=LEAF_HOURS,
    )
