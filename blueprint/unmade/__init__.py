"""What a stack's files ask for and no decision makes yet, so that nothing is accepted in silence.

The rows are in `table`; here they meet a catalogue and settings. It decides nothing and changes no object. A cluster
that runs containers refuses what would leave pods waiting for ever; one that simulates them only says it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import partial

from blueprint import clusters
from blueprint.catalogue import Environment, Service, Spec
from blueprint.reading import Catalogue, Problem, TextError, stack_file
from blueprint.reading.entries import Entry
from blueprint.references import Reference, parts
from blueprint.settings import Settings
from blueprint.unmade.asking import MESHED, UNMESHED
from blueprint.unmade.table import NOT_MADE, WITHOUT_A_MESH, Row

__all__ = ["Pending", "check", "details", "once", "pending", "record", "sentence"]


@dataclass(frozen=True, kw_only=True)
class Pending:
    """One thing a file asks for that is not made yet."""

    file: str
    """The file that asks."""
    written: Callable[[], int] | None = dataclass_field(repr=False, compare=False)
    """Finds `line`; None: there is none."""
    field: str
    """YAML path, such as spec.resources.db."""
    row: Row
    count: int
    """How many things it asks for."""
    waiting: str | None
    """The service whose pods wait for it for ever; None: nobody does."""

    @property
    def line(self) -> int | None:
        """From 1; None: the stack's settings, whose lines are not kept. Asked for only where it is printed: it makes
        the tree of the file."""
        return self.written() if self.written else None


def pending(settings: Settings, catalogue: Catalogue, stack: str = "stack") -> tuple[Pending, ...]:
    """Everything `settings` and `catalogue` ask for that is not made yet, in the order of files and fields.

    A stack without the layer `services` asks nothing of the catalogue.
    """
    found = [*_of_settings(settings, stack)]
    if "services" in settings.layers:
        for service in catalogue.within(settings.environment):
            found += _of_service(service, settings, catalogue)
    return tuple(sorted(found, key=lambda each: (each.file, each.field)))


def once(found: Iterable[Pending]) -> tuple[Pending, ...]:
    """`found` of several stacks, each field of each file once."""
    first: dict[tuple[str, str], Pending] = {}
    for each in found:
        first.setdefault((each.file, each.field), each)
    return tuple(first.values())


def check(settings: Settings, found: Iterable[Pending]) -> None:
    """Raises TextError where pods would wait for ever for what was `found`, on a cluster that runs them.

    Where containers are simulated, as on the embedded control plane, nothing waits.
    """
    if clusters.decide(settings.cluster).simulated:
        return
    problems = [_refused(each, settings.environment) for each in found if each.waiting is not None]
    if problems:
        raise TextError(problems)


def sentence(found: Iterable[Pending]) -> str:
    """`found` in one line, counted by subject, with the pods that wait; empty where there is nothing."""
    places = tuple(found)
    if not places:
        return ""
    counts = ", ".join(f"{count} {row.one if count == 1 else row.many}" for row, count in _counted(places).items())
    waiting = sorted({each.waiting for each in places if each.waiting})
    wait = f"; these pods will wait for ever on a cluster that runs them: {', '.join(waiting)}" if waiting else ""
    return f"declared, not made yet: {counts}{wait}."


def details(found: Iterable[Pending]) -> Iterator[str]:
    """`found` line by line: each subject with what to do meanwhile, and below it every place that asks for it."""
    places = _by_line(found)
    for row, count in _counted(places).items():
        yield f"{count} {row.one if count == 1 else row.many}, to come with {row.planned}. {row.meanwhile}."
        for each in places:
            if each.row == row:
                yield f"  {each.file}:{f'{each.line}:' if each.line else ''} {each.field}"


def record(found: Iterable[Pending]) -> list[Mapping[str, object]]:
    """`found` for `--json`: one map a place."""
    return [
        {
            "subject": each.row.one,
            "count": each.count,
            "file": each.file,
            "line": each.line,
            "field": each.field,
            "planned": each.row.planned,
            "meanwhile": each.row.meanwhile,
            "waiting": each.waiting,
        }
        for each in _by_line(found)
    ]


def _by_line(found: Iterable[Pending]) -> tuple[Pending, ...]:
    return tuple(sorted(found, key=lambda each: (each.file, each.line or 0, each.field)))


def _counted(found: Iterable[Pending]) -> Mapping[Row, int]:
    """How many of each row, in the order of the table: what pods wait for comes first."""
    counts = dict.fromkeys((*NOT_MADE.values(), *WITHOUT_A_MESH.values()), 0)
    for each in found:
        counts[each.row] += each.count
    return {row: count for row, count in counts.items() if count}


def _of_settings(settings: Settings, stack: str) -> Iterator[Pending]:
    for row, path, count in MESHED.below(settings):
        yield Pending(
            file=stack_file(stack),
            written=None,
            field=".".join(("platform:settings", *map(str, path))),
            row=row,
            count=count,
            waiting=None,
        )


def _of_service(service: Service, settings: Settings, catalogue: Catalogue) -> Iterator[Pending]:
    entry, asked = catalogue.entries[service.name], _asked_for(service.spec)
    for row, path, count in (UNMESHED if settings.mesh.mode == "none" else MESHED).below(service):
        yield Pending(
            file=entry.source.origin(path)[0].file,
            written=partial(_line, entry, settings.environment, path),
            field=".".join(map(str, path)),
            row=row,
            count=count,
            waiting=service.name if row.blocks and path[-1] in asked else None,
        )


def _line(entry: Entry, environment: Environment, path: tuple[str | int, ...]) -> int:
    """Where `path` was declared first; a patch is named for what is in the patch alone."""
    patched = path[0] == "spec" and entry.source.node(path) is None
    return entry.source.line(entry.place(environment, *path[1:]) if patched else path)


def _asked_for(spec: Spec) -> frozenset[str]:
    """The resources that a variable of any container asks for: without them no pod of the service starts."""
    containers = (*spec.containers.values(), *spec.init_containers.values())
    references = [
        part
        for container in containers
        for text in container.variables.values()
        for part in parts(text)
        if isinstance(part, Reference)
    ]
    return frozenset(each.words[1] for each in references if each.words[0] == "resources")


def _refused(each: Pending, environment: str) -> Problem:
    name = each.field.rsplit(".", 1)[-1]
    return Problem(
        file=each.file,
        line=each.line or 1,
        field=each.field,
        cause=(
            f"is a {each.row.one}, which comes with {each.row.planned} and is not made yet, but variables ask for it,"
            f" so the pods of {each.waiting} would wait for its Secret for ever"
        ),
        cure=(
            f"{each.row.meanwhile}; to do so in this environment alone, write"
            f" spec.environments.{environment}.resources.{name}: null with other variables. An embedded cluster takes"
            " it as it is"
        ),
    )
