"""What restore drills of every type of store have in common: where, when and as whom a copy is read, and by what means.

Each engine has a type of its own beside this module, with what only it has.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from blueprint.authority import LEAF_HOURS
from blueprint.catalogue.storing import Store, TriedBackup
from blueprint.context import Context
from blueprint.drills import edges, timing
from blueprint.drills.timing import Timing
from blueprint.network_rules import NetworkRule
from blueprint.pins import Image
from blueprint.settings import S3
from blueprint.sizes import STORAGE_LIMIT_MIB, STORAGE_REQUEST_MIB, Amounts, Quota
from blueprint.stores.copies import Copies
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
    memory_request_mib=128,
    memory_limit_mib=256,
    storage_request_mib=STORAGE_REQUEST_MIB,
    storage_limit_mib=STORAGE_LIMIT_MIB,
)
"""A client that asks and waits, one after another: kubectl, psql, mariadb, pbm, mongosh, which is Node.js and the
largest. Unmeasured estimates."""

TIER: Final = "best-effort"
"""A drill gives way to everything else when nodes are full. Then it is late, and an alert says so if it stays so."""


@dataclass(frozen=True, kw_only=True)
class RestoreDrill:
    """One store, restored from its copies and asked a question."""

    service: str
    owner: str
    resource: str
    """Also the name of the restored custom resource."""
    namespace: str
    tier: str
    timing: Timing
    rules: tuple[NetworkRule, ...]
    path: str
    """Where the copies of the live store are."""
    region: str | None
    """Where the bucket is; None: whoever reads finds out."""
    account: str
    """The service account of the restored pods."""
    role: str
    """As whom they read the copies."""
    image: Image
    size: StoreSize
    storage_class: str | None
    database: str
    user: str
    """Who is asked, with a password drawn for the drill: the owner of the database."""
    check: str
    """What must be answered with true."""
    restorer: Amounts
    """Of what fetches the copy."""
    restored: Quota
    """What is restored takes, with what restores it."""
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
        """The restored store; the drill, and what sweeps up."""
        return self.restored + Quota(pods=2, total=self.step.times(2))

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        return self.size.amounts.at_least(self.restorer).at_least(self.step)


class Copied(Protocol):
    """A live store that may have copies."""

    @property
    def service(self) -> str: ...

    @property
    def owner(self) -> str: ...

    @property
    def resource(self) -> str: ...

    @property
    def engine(self) -> str: ...

    @property
    def copies(self) -> Copies | None: ...

    @property
    def image(self) -> Image: ...

    @property
    def size(self) -> StoreSize: ...

    @property
    def storage_class(self) -> str | None: ...

    @property
    def database(self) -> str: ...

    @property
    def user(self) -> str: ...


Made = TypeVar("Made", bound=RestoreDrill)


def decide(
    made: Callable[..., Made],
    store: Copied,
    text: Store,
    context: Context,
    *,
    account: str,
    asked: str,
    restorer: Amounts,
    restored: Quota,
    host: str,
    dns_names: tuple[str, ...],
    **own: Any,
) -> Made | None:
    """The drill of `store`, described by `text`, of the type `made` with what is its `own`; None where no copies are
    made, or nobody wants them tried. `asked` is the question where the owner has none."""
    target, backup, namespace = context.settings.backups.copies, text.backup, context.drill_namespace(store.service)
    if not store.copies or not isinstance(target, S3) or not isinstance(backup, TriedBackup):
        return None
    when = timing.decide(namespace, store.resource, backup)
    if not when or not target.drill_role:
        return None
    return made(
        service=store.service,
        owner=store.owner,
        resource=store.resource,
        namespace=namespace,
        tier=TIER,
        timing=when,
        rules=edges.rules(namespace, store.resource, store.engine, context),
        path=store.copies.path,
        region=store.copies.region,
        account=account,
        role=target.drill_role.format(service=store.service),
        image=store.image,
        size=store.size,
        storage_class=store.storage_class,
        database=store.database,
        user=store.user,
        check=backup.restore_check or asked,
        restorer=restorer,
        restored=restored,
        runner=KUBECTL,
        step=STEP,
        host=host,
        dns_names=dns_names,
        certificate_hours=LEAF_HOURS,
        **own,
    )
