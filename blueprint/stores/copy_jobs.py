"""Copies of a store whose operator makes none: a CronJob asks the store for one, and removes those past their time.

What all such engines have in common. How each makes a copy is a row of `manifests.copy_jobs`. Why it is so:
docs/decisions/0053-a-cronjob-copies-what-no-operator-copies.md
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from blueprint import store_names
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Backup, Store
from blueprint.context import Context
from blueprint.cron import shortest_gap_seconds
from blueprint.network_rules import Edge, NetworkRule, Pods, both_ends, tcp
from blueprint.pins import Image
from blueprint.platform_rules import Served, platform_edges
from blueprint.settings import Settings
from blueprint.sizes import STORAGE_LIMIT_MIB, STORAGE_REQUEST_MIB, Amounts, Quota
from blueprint.stores import copies, edges
from blueprint.stores.copies import Copies
from blueprint.text import Fault, alternatives

USER: Final = "platform_copier"
"""As whom a run comes in, where a store has users. No service is called so: its name has no underscore."""

RCLONE: Final = Image(
    repository="docker.io/rclone/rclone",
    # renovate: datasource=docker depName=rclone/rclone
    tag="1.75.1@sha256:45401ad7410db1d67ffdb58e19059ad20b0d8e0285a60e38bbec55cc1019c7a5",
)
"""What reads and writes a bucket where no store does: MIT, one program, with the identity of its pod. The digest is the
one with which public repositories pin this tag."""


def _client(memory_mib: int) -> Amounts:
    return Amounts(
        cpu_request_millicores=50,
        cpu_limit_millicores=500,
        memory_request_mib=memory_mib,
        memory_limit_mib=memory_mib,
        storage_request_mib=STORAGE_REQUEST_MIB,
        storage_limit_mib=STORAGE_LIMIT_MIB,
    )


ASKER: Final = _client(256)
"""The client of a store, which asks and waits. An unmeasured estimate."""
BUCKET_CLIENT: Final = _client(256)
"""rclone: four files at a time, each in four pieces of 5 MiB (its documentation, "Amazon S3"), and the list of what is
there. An unmeasured estimate."""

MIB_PER_SECOND: Final = 40
"""At which a store is read and its copy written away, and later read back: as Elasticsearch holds itself back by itself
(elastic.co, `max_snapshot_bytes_per_sec`), and a little below the estimate for PostgreSQL's copies."""

LATE_SECONDS: Final = 3600
"""How late a run may begin where the controller was away; after that the next one is soon enough."""
RETRIES: Final = 2
"""Further pods after one that failed: a node that dies, a store that restarts. Each begins a copy anew."""
SETTLING_SECONDS: Final = 1800
"""What a run takes besides the copy: images are fetched, old copies removed. An estimate."""


@dataclass(frozen=True, kw_only=True)
class BucketClient:
    """What reaches the bucket from a run."""

    image: Image
    amounts: Amounts
    role: str
    """As whom."""


@dataclass(frozen=True, kw_only=True)
class CopyJob:
    """The runs that copy one store."""

    engine: str
    """How a copy is made: a row of `manifests.copy_jobs`."""
    service: str
    owner: str
    resource: str
    namespace: str
    """The store's."""
    tier: str
    copies: Copies
    rules: tuple[NetworkRule, ...]
    image: Image
    """The store's own, for its client."""
    amounts: Amounts
    """Of that client."""
    host: str
    """Where the store answers."""
    port: int
    user: str
    secret: str
    """Where the password of that user is."""
    database: str | None
    """What is copied; None: everything."""
    staging_mib: int
    """Disk on which a copy lies until it is in the bucket; 0: the store writes it there itself."""
    client: BucketClient | None
    """None: the store itself writes copies and removes them."""
    late_seconds: int
    deadline_seconds: int
    """Of a run with its retries."""
    retries: int

    @property
    def quota(self) -> Quota:
        """One run at a time, of containers that follow each other."""
        return Quota(pods=1, total=self.largest)

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        return self.amounts.at_least(self.client.amounts) if self.client else self.amounts


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one engine says about its copies."""

    engine: str
    image: Image
    host: str
    port: int
    user: str
    secret: str
    database: str | None
    by_itself: bool
    """Whether the store removes copies, too."""
    staging_mib: int = 0


def decide(
    service: Service, resource: str, away: Copies | None, asked: Asked, context: Context, disk_gib: int
) -> CopyJob | None:
    """The runs that copy the store `resource` as `asked`; None where no copies are made. A store has `disk_gib`."""
    if away is None:
        return None
    staging = asked.staging_mib
    amounts, client = (_with_disk(each, staging) for each in (ASKER, BUCKET_CLIENT))
    return CopyJob(
        engine=asked.engine,
        service=service.name,
        owner=service.spec.owner,
        resource=resource,
        namespace=context.data_namespace(service.name),
        tier=service.spec.tier,
        copies=away,
        rules=_rules(service.name, resource, asked, context),
        image=asked.image,
        amounts=amounts,
        host=asked.host,
        port=asked.port,
        user=asked.user,
        secret=asked.secret,
        database=asked.database,
        staging_mib=staging,
        client=None if asked.by_itself else BucketClient(image=RCLONE, amounts=client, role=away.role),
        late_seconds=LATE_SECONDS,
        deadline_seconds=2 * _copying_seconds(disk_gib) + SETTLING_SECONDS,
        retries=RETRIES,
    )


def _with_disk(amounts: Amounts, mib: int) -> Amounts:
    """`amounts`, and `mib` of a disk that every container of a run may be charged with."""
    return replace(
        amounts,
        storage_request_mib=amounts.storage_request_mib + mib,
        storage_limit_mib=amounts.storage_limit_mib + mib,
    )


def _rules(service: str, resource: str, asked: Asked, context: Context) -> tuple[NetworkRule, ...]:
    """Names and the store; the bucket where the store does not reach it alone."""
    prefix = store_names.copier(resource)
    own = Pods(namespace=context.data_namespace(service), labels={store_names.COPIER: resource})
    found = [
        platform_edges(own, prefix, Served(), context.surroundings)["dns"],
        Edge(
            why=f"{resource} is asked for copies",
            source=(own,),
            target=(edges.pods(service, resource, context),),
            ports=tcp(asked.port),
            egress=f"{prefix}.store",
            ingress=f"{resource}.from-copier",
        ),
    ]
    found += () if asked.by_itself else edges.away(own, prefix, context, why="its copies are in a bucket")
    return tuple(rule for edge in found for rule in both_ends(edge))


def _copying_seconds(disk_gib: int) -> int:
    return disk_gib * 1024 // MIB_PER_SECOND


def faults(text: Store, settings: Settings, *, disk_gib: int) -> Iterator[Fault]:
    """What the owner promises about copies, against how often they are made and how large the disk is."""
    if not isinstance(text.backup, Backup) or not copies.wanted(text, settings.environment):
        return
    yield from copies.region_faults(text, settings, needed="which is part of its address")
    yield from copies.faults(
        text, settings, disk_gib=disk_gib, least_loss_seconds=None, restore_mib_per_second=MIB_PER_SECOND
    )
    needed, gap = _copying_seconds(disk_gib), shortest_gap_seconds(text.backup.schedule)
    if needed > gap:
        yield Fault(
            "backup.schedule",
            f"is '{text.backup.schedule}', and a full disk of class {text.class_} takes {disk_gib} GiB ÷"
            f" {MIB_PER_SECOND} MiB/s = {-(-needed // 60)} min to copy in {settings.environment}, so one would not be"
            " done when the next is due",
            alternatives("copy less often", "use a smaller class"),
        )
