"""Checks on what must be unique or must exist: names, public paths, references, files, and the calendar."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from blueprint import names as naming
from blueprint.catalogue import Spec
from blueprint.catalogue.listening import opened
from blueprint.catalogue.running import InitContainer
from blueprint.reading.places import Place
from blueprint.reading.problems import Problem, valid
from blueprint.reading.view import View
from blueprint.references import Reference, answerable, ours, parts
from blueprint.store_names import drill_namespace


def names(view: View) -> Iterator[Problem]:
    """No service takes a namespace that is the platform's, the cluster's or another service's."""
    taken = dict.fromkeys(naming.PLATFORM_NAMESPACES, "the platform")
    taken |= dict.fromkeys(naming.CLUSTER_NAMESPACES, "Kubernetes")
    taken |= {naming.data_namespace(name, None): f"the stores of {name}" for name in view.services}
    taken |= {drill_namespace(name): f"the restore drills of {name}" for name in view.services}
    for name in sorted(view.services):
        owner = taken.get(name) or ("Kubernetes" if name.startswith("kube-") else None)
        if owner:
            cause = f"'{name}' is a namespace of {owner}, so each would get the other's rules"
            other = f"{name.removeprefix('kube-')}-service"
            source = view.catalogue.entries[name].source
            yield source.problem(("metadata", "name"), cause, f"Take another name, such as '{other}'")


def paths(view: View) -> Iterator[Problem]:
    """One public path, one service."""
    owners: dict[tuple[str | None, str], tuple[str, int, int]] = {}
    for name, service in sorted(view.services.items()):
        for position, provide in enumerate(service.spec.provides):
            for index, path in enumerate(provide.route.paths if provide.route else ()):
                key = (provide.route.host if provide.route else None, path)
                if key in owners:
                    owner, of, at = owners[key]
                    where = view.where(owner, "provides", of, "route", "paths", at)
                    cause = f"'{path}' is already routed at {where}; requests would go to either"
                    yield view.problem(
                        name,
                        ("provides", position, "route", "paths", index),
                        cause,
                        "Take another prefix or another host",
                    )
                owners.setdefault(key, (name, position, index))


def public_ports(view: View) -> Iterator[Problem]:
    """One port of the gateway for one host, one service."""
    owners: dict[tuple[str | None, int], tuple[str, str]] = {}
    for name, service in sorted(view.services.items()):
        for port, _, public in opened(service.spec.service):
            key = (public.host, public.port)
            if key in owners:
                owner, at = owners[key]
                where = view.where(owner, "service", "ports", at, "public", "port")
                cause = f"{public.port} is already taken for this host at {where}; connections would go to either"
                place = ("service", "ports", port, "public", "port")
                yield view.problem(name, place, cause, "Take another port or another host")
            owners.setdefault(key, (name, port))


def _running(spec: Spec) -> Iterator[tuple[Place, InitContainer]]:
    """Every container with its place."""
    for field, containers in (("containers", spec.containers), ("initContainers", spec.init_containers)):
        yield from (((field, name), container) for name, container in sorted(containers.items()))


def texts(spec: Spec) -> Iterator[tuple[Place, str]]:
    """Every text that may hold references, with its place."""
    for place, container in _running(spec):
        yield from (((*place, "variables", name), text) for name, text in sorted(container.variables.items()))


def held(spec: Spec) -> Iterator[tuple[Place, str]]:
    """The text of every file, with its place."""
    for place, container in _running(spec):
        yield from (((*place, "files", path), text) for path, text in sorted(container.files.items()))


def _words(spec: Spec) -> Iterator[tuple[Place, str]]:
    """Every word of a command line, with its place."""
    for place, container in _running(spec):
        for part, words in (("command", container.command), ("args", container.args)):
            yield from (((*place, part, index), word) for index, word in enumerate(words or ()))


def references(view: View) -> Iterator[Problem]:
    """Every `${...}` asks for something this service declares, where it is answered."""
    for name, service in sorted(view.services.items()):
        known = answerable(service.spec)
        for place, word in _words(service.spec):
            if found := next(ours(word), None):
                cause = f"{found} is not replaced in a command line; the container would get it unchanged"
                cure = "Give it to one of the container's variables, and write $(VARIABLE) here"
                yield view.problem(name, place, cause, cure)
        for place, text in held(service.spec):
            for reference in ours(text):
                if reference.words[0] == "resources":
                    cause = f"{reference} is not filled in: a file is no place for what may be a secret"
                    yield view.problem(name, place, cause, "Give it to one of the container's variables")
                elif problem := _unanswered(reference, known):
                    yield view.problem(name, place, *problem)
        for place, text in texts(service.spec):
            try:
                asked = [part for part in parts(text) if isinstance(part, Reference)]
            except ValueError:
                yield view.problem(
                    name, place, "opens a ${ that is never closed", "Close it, or write $$ for a dollar sign"
                )
                continue
            for reference in asked:
                if problem := _unanswered(reference, known):
                    yield view.problem(name, place, *problem)


def _unanswered(reference: Reference, known: Mapping[str, tuple[str, ...]]) -> tuple[str, str] | None:
    """Why nothing answers `reference`, or None."""
    subject, last = ".".join(reference.words[:-1]), reference.words[-1]
    if str(reference) == "${environment}" or last in known.get(subject, ()):
        return None
    if subject in known:
        return f"{reference}: '{subject}' has no '{last}'", valid(last, known[subject])
    everything = ["environment", *(f"{word}.{last}" for word, lasts in known.items() for last in lasts)]
    return f"{reference} refers to nothing this service declares", valid(".".join(reference.words), everything)


def files(view: View) -> Iterator[Problem]:
    """Every contract and schema named is there."""
    for name, service in sorted(view.services.items()):
        named: list[tuple[tuple[str | int, ...], str]] = [
            (("provides", index, "definition"), provide.definition)
            for index, provide in enumerate(service.spec.provides)
        ]
        named += [
            (("events", "publishes", index, "schema"), publish.schema_)
            for index, publish in enumerate(service.spec.events.publishes)
        ]
        for place, file in named:
            path = view.folder / file
            if {".", ".."} & set(file.split("/")):
                cause = f"names '{file}', but '.' and '..' are not followed"
                cure = "Put the file below the catalogue's folder and write its plain path"
                yield view.problem(name, place, cause, cure)
            elif not _is_file(path):
                beside = [other.relative_to(view.folder).as_posix() for other in _beside(path)]
                yield view.problem(name, place, f"names '{file}', which is not there", valid(file, beside, "There are"))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than a file system takes
        return False


def _beside(path: Path) -> tuple[Path, ...]:
    try:
        return tuple(path.parent.glob("*.*"))
    except OSError:
        return ()


def exceptions(view: View) -> Iterator[Problem]:
    """No exception outlives its day."""
    for name, service in sorted(view.services.items()):
        for index, exception in enumerate(service.spec.exceptions):
            if exception.expires < view.today:
                cause = f"the exception from '{exception.policy}' expired on {exception.expires}"
                cure = f"Delete it, or let {exception.owner} ask for a new one with a reason"
                yield view.problem(name, ("exceptions", index, "expires"), cause, cure)
