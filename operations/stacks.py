"""`up` and `down`: a stack from text to a running cluster and away again.

What differs between clusters is in a class per way of having one (embedded_stack.py, existing_stack.py) and chosen by
the type of the settings; this module is what they have in common: deciding first, so that a mistake in the text is
reported before anything is started.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

from blueprint.reading import read_settings
from blueprint.settings import Cluster, Embedded, Existing
from operations.console import Console
from operations.embedded_stack import EmbeddedStack
from operations.existing_stack import ExistingStack
from operations.exits import Exit, RefusedError
from operations.keeping import Stores, asked
from operations.made import Gone, Made
from operations.project import Project
from operations.reports import DownReport, UpReport, by_kind


class Driver(Protocol):
    """One stack on one way of having a cluster."""

    def up(self, *, total: int, services: Collection[str], stores: Stores, assume_yes: bool) -> Made:
        """Makes the stack's `total` objects; `services` are those it will have, `stores` what of theirs may go."""

    def down(self, *, keep_cluster: bool, stores: Stores, assume_yes: bool) -> Gone:
        """Removes them, and looks that they are gone."""


DRIVERS: Final[Mapping[type, Callable[..., Driver]]] = {Embedded: EmbeddedStack, Existing: ExistingStack}
"""Settings type → how a stack of it is driven. Total over `settings.Cluster`; a test says so."""


def driver(project: Project, stack: str, console: Console, cluster: Cluster) -> Driver:
    """What brings `stack` up and down on `cluster`."""
    return DRIVERS[type(cluster)](project=project, stack=stack, console=console, cluster=cluster)


def up(project: Project, stack: str, console: Console, *, assume_yes: bool, approved: Collection[str] = ()) -> UpReport:
    """Makes `stack` what its files say. `approved` are the URNs of stores that may go.

    Raises:
        RefusedError, EngineError: it did not get that far; the text says why and what helps.
        TextError: the settings or the catalogue are wrong; nothing was touched.
        KeyboardInterrupt: the user has stopped it; what was made is recorded.
    """
    from operations.planning import plan  # noqa: PLC0415  (manifests and rules: half a second other commands save)
    from policies.adapters.preflight import PreflightError  # noqa: PLC0415

    started = time.monotonic()
    with console.busy("deciding"):
        file = project.stack_file(stack)
        try:  # the program asks again; here it costs no engine
            called = project.shown(project.services)
            planned = plan(lambda: read_settings(file), project.services, stack, called)
        except PreflightError as error:
            raise RefusedError(f"nothing was touched, because\n{error}", Exit.POLICY) from None
        objects = by_kind(planned.manifests)
    cluster = planned.settings.cluster
    services = tuple(planned.blueprint.services)
    stores = Stores(
        project=project,
        stack=stack,
        command="up",
        wanted=planned.manifests,
        asked=asked(planned.settings, "up"),
        approved=frozenset(approved),
    )
    made = driver(project, stack, console, cluster).up(
        total=sum(objects.values()), services=services, stores=stores, assume_yes=assume_yes
    )
    return UpReport(
        stack=stack,
        services=services,
        objects=objects,
        changes=made.changes,
        pods_ready=made.pods_ready,
        pods=made.pods,
        server=made.server,
        cluster=made.cluster,
        kubeconfig=made.kubeconfig,
        context=made.context,
        next_commands=made.next_commands,
        kept=made.kept,
        pending=planned.pending,
        details_command=project.command("validate", "--verbose"),
        elapsed_seconds=round(time.monotonic() - started, 1),
    )


def down(
    project: Project,
    stack: str,
    console: Console,
    *,
    keep_cluster: bool,
    assume_yes: bool,
    approved: Collection[str] = (),
) -> DownReport:
    """Removes everything `stack` has made, and looks that it is gone. The catalogue is not read. `approved` are the
    URNs of stores that may go.

    Raises:
        RefusedError, EngineError: something is in the way, or remains.
        TextError: the settings are wrong; nothing was touched.
        KeyboardInterrupt: the user has stopped it.
    """
    started = time.monotonic()
    settings = read_settings(project.stack_file(stack))
    stores = Stores(
        project=project,
        stack=stack,
        command="down",
        wanted=(),
        asked=asked(settings, "down"),
        approved=frozenset(approved),
    )
    gone = driver(project, stack, console, settings.cluster).down(
        keep_cluster=keep_cluster, stores=stores, assume_yes=assume_yes
    )
    return DownReport(
        stack=stack,
        deleted=gone.deleted,
        swept=gone.swept,
        looked=gone.looked,
        stopped=gone.stopped,
        kept=gone.kept,
        elapsed_seconds=round(time.monotonic() - started, 1),
    )
