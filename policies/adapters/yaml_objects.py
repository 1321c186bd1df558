"""Files, folders and standard input as objects to judge: whatever `kubectl apply -f` takes, and lists and requests too.

Everything that cannot be read is reported, and everything that can be read is judged; a file is never passed over in
silence. Nothing here trusts what it reads: not its size, not its nesting, not that it is text, not that it is a file.
"""

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from blueprint.reading.problems import Problem
from policies.adapters.manifests import from_manifest
from policies.documents import MAX_RUN_WEIGHT, MAX_WEIGHT, Budget, Document, documents
from policies.objects import Object, expanded
from policies.objects.pods import ROLES, parts
from policies.objects.values import step

MAX_BYTES: Final = 16 * 1024 * 1024
"""Size of a file. The largest bundles of CustomResourceDefinitions have a tenth of that."""
MAX_OBJECTS: Final = 10_000
"""Objects of one run, items of lists counted: what two hundred services of this platform come to."""
MAX_CONTAINERS: Final = 10_000
"""Containers of one run, wherever they are: each is held against thirty rules, and six kilobytes can name a million."""
MAX_NAME: Final = 253
"""Characters of a name (DNS subdomain, RFC 1123); nothing Kubernetes calls an object by is longer."""
MAX_PROBLEMS: Final = 100
"""Problems reported of one file: enough for its author to see what kind of file it is."""

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
"""What is read of a folder; a file that is named is read whatever it is called."""
REVIEW: Final = "AdmissionReview"
"""Kind of what the API server asks a webhook."""
STANDARD_INPUT: Final = "<stdin>"
"""What standard input is called in places and problems."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read."""

    objects: tuple[Object, ...]
    problems: tuple[Problem, ...]
    """What could not be read, in the order it was met."""
    notes: tuple[str, ...]
    """What was read otherwise than it stands there."""


@dataclass(kw_only=True)
class _Run:
    """What is read so far."""

    objects: list[Object] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    objects_left: int = MAX_OBJECTS
    """Objects that may still be read."""
    containers_left: int = MAX_CONTAINERS
    """Containers that may still be read."""
    weight: int = MAX_RUN_WEIGHT
    """Keys and values that may still be read."""

    def budget(self) -> Budget:
        """What the next file may have, so that no file takes away what the others need."""
        return Budget() if self.weight >= MAX_WEIGHT else Budget(self.weight, "what is left of this run")


def read(paths: Sequence[Path], stdin: BinaryIO | None = None) -> Reading:
    """The objects of all `paths`: files, folders with everything below them, `-` for standard input."""
    run = _Run()
    for path in paths:
        if str(path) == "-":
            _opened(run, STANDARD_INPUT, lambda: nullcontext(stdin or _standard_input()))
        elif _is(path.is_dir, unknown=False):
            _folder(run, path)
        else:
            _file(run, path)
    if not run.objects and not run.problems:
        shown = STANDARD_INPUT if str(paths[0]) == "-" else str(paths[0])
        run.problems.append(_say(shown, 1, "holds no object, so nothing was judged", "Name what holds some"))
    return Reading(objects=tuple(run.objects), problems=tuple(run.problems), notes=tuple(run.notes))


def _say(shown: str, line: int, cause: str, cure: str, path: str = "") -> Problem:
    return Problem(file=shown, line=line, field=path, cause=cause, cure=cure)


def _folder(run: _Run, folder: Path) -> None:
    found = False
    for path in sorted(_below(run, folder)):
        found = True
        if _is(path.is_file, unknown=True):
            _file(run, path)
        else:  # opening a pipe would wait for somebody to write into it
            run.problems.append(_say(str(path), 1, "is not a file", "Remove it, or make it one"))
    if not found:
        listed = ", ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
        run.problems.append(_say(str(folder), 1, f"holds no {listed}", "Name another folder, or the files"))


def _below(run: _Run, folder: Path) -> Iterator[Path]:
    """Whatever is called like a file to read, however deep; links to folders are not followed."""

    def unreadable(error: OSError) -> None:
        where = str(error.filename or folder)
        run.problems.append(_say(where, 1, f"cannot be listed ({error.strerror})", "Check its permissions"))

    for above, folders, files in os.walk(folder, onerror=unreadable):
        for name in files:
            if Path(name).suffix.lower() in SUFFIXES:
                yield Path(above, name)
        # A link to a folder is not walked into, so its objects would be missing without a word.
        for name in folders:
            if (linked := Path(above, name)).is_symlink():
                run.problems.append(_say(str(linked), 1, "is a link to a folder", "Name the folder it leads to"))


def _is(asked: Callable[[], bool], *, unknown: bool) -> bool:
    """What `asked` says; `unknown` where a folder above forbids to look, or no name is so long: opening tells why."""
    try:
        return asked()
    except OSError:
        return unknown


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # a shell's `<&-`
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdin.buffer


def _file(run: _Run, path: Path) -> None:
    _opened(run, str(path), lambda: path.open("rb"))


def _opened(run: _Run, shown: str, opens: Callable[[], AbstractContextManager[BinaryIO]]) -> None:
    try:
        with opens() as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in a name
        why = error.strerror if isinstance(error, OSError) else "no such name"
        run.problems.append(_say(shown, 1, f"cannot be read ({why})", "Check the path and its permissions"))
        return
    _take(run, shown, content)


def _take(run: _Run, shown: str, content: bytes) -> None:
    """The objects of one file."""
    text = _text(shown, content)
    if isinstance(text, Problem):
        run.problems.append(text)
        return
    budget = run.budget()
    before = budget.left
    reported = 0
    for each in _each(run, shown, documents(text, shown, budget)):
        if isinstance(each, Object):
            run.objects.append(each)
            continue
        run.problems.append(each)
        reported += 1
        if reported == MAX_PROBLEMS:
            cause = f"has more than {MAX_PROBLEMS} problems; the rest of it was not read"
            run.problems.append(_say(shown, each.line, cause, "Mend these first"))
            break
    run.weight -= min(before, before - budget.left)


_ENCODINGS: Final = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _text(shown: str, content: bytes) -> str | Problem:
    if len(content) > MAX_BYTES:
        cause = f"is longer than {MAX_BYTES // 1024 // 1024} MiB"
        return _say(shown, 1, cause, "Split it, or judge its parts one by one")
    for mark, name in _ENCODINGS:
        if content.startswith(mark):
            return _say(shown, 1, f"is {name}, not UTF-8 text", "Save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        return _say(shown, number, "is not UTF-8 text", "Save it as UTF-8")
    if found := _CONTROL.search(text):
        number = text.count("\n", 0, found.start()) + 1
        return _say(shown, number, f"holds the control character U+{ord(found.group()):04X}", "Delete it")
    return text


def _each(run: _Run, shown: str, found: Iterable[Document | Problem]) -> Iterator[Object | Problem]:
    for document in found:
        if isinstance(document, Problem):
            yield document
        else:
            yield from _within(run, shown, document.line, document.value)


def _within(run: _Run, shown: str, line: int, value: Any) -> Iterator[Object | Problem]:
    """The objects of one document: itself, the items of a list without a kind, what requests ask for."""
    listed = [(item, step("", index)) for index, item in enumerate(value)] if isinstance(value, list) else [(value, "")]
    for item, prefix in listed:
        if isinstance(item, dict) and item.get("kind") == REVIEW:
            yield from _asked_for(run, shown, line, item, prefix)
        else:
            yield from _whole(run, shown, line, item, prefix)


def _asked_for(run: _Run, shown: str, line: int, review: dict[str, Any], prefix: str) -> Iterator[Object | Problem]:
    """What an admission request wants to make or change."""
    request = review.get("request")
    asked = request if isinstance(request, dict) else {}
    if asked.get("operation") == "DELETE" and asked.get("object") is None:
        run.notes.append(f"{shown}:{line}: asks to delete something; there is nothing to judge.")
        return
    run.notes.append(f"{shown}:{line}: is an AdmissionReview; its request.object is judged.")
    yield from _whole(run, shown, line, asked.get("object"), step(step(prefix, "request"), "object"))


def _whole(run: _Run, shown: str, line: int, value: Any, prefix: str) -> Iterator[Object | Problem]:
    """`value` as an object, and what is wrong with it or with what it holds as one."""
    if (cause := _unlike(value)) is not None:
        yield _say(shown, line, cause, _CURE, prefix)
        return
    thing = replace(from_manifest(value, place=f"{shown}:{line}"), prefix=prefix)
    held = tuple(islice(expanded(thing), run.objects_left + 1))
    containers = sum(map(_containers, held)) if len(held) <= run.objects_left else 0
    if len(held) > run.objects_left or containers > run.containers_left:
        most = f"{MAX_CONTAINERS:,} containers" if containers else f"{MAX_OBJECTS:,} objects"
        yield _say(shown, line, f"goes beyond the {most} one run judges", "Judge it in parts", prefix)
        return
    run.objects_left -= len(held)
    run.containers_left -= containers
    yield from _strange(shown, line, held)
    yield thing


def _containers(thing: Object) -> int:
    """How many it describes, in pod specs and in pieces. What is no list is left to the rules."""
    lists = (pod.spec.value.get(field) for pod in parts(thing) if pod.whole for field in ROLES)
    pieces = sum(1 + len(pod.loose) for pod in parts(thing) if not pod.whole)
    return pieces + sum(len(several) for several in lists if isinstance(several, list))


def _strange(shown: str, line: int, held: Iterable[Object]) -> Iterator[Problem]:
    """What is no object among what lists hold. The judge passes over it; a reader should know."""
    for thing in held:
        if thing.kind == REVIEW:
            yield _say(shown, line, "is an AdmissionReview inside something else, and not judged", _ALONE, thing.prefix)
        items = thing.props.get("items")
        if isinstance(items, dict) and thing.kind.endswith("List"):
            yield _say(shown, line, "is a map where a list belongs", "Write a list", step(thing.prefix, "items"))
        inside = thing.kind != "List" and thing.kind.endswith("List")
        of_list = {"apiVersion": thing.api_version, "kind": thing.kind.removesuffix("List")} if inside else {}
        for index, item in enumerate(items if isinstance(items, list) and thing.kind.endswith("List") else ()):
            whole = {**of_list, **item} if isinstance(item, dict) else item
            if (cause := _unlike(whole)) is not None:
                yield _say(shown, line, cause, _CURE, f"{step(thing.prefix, 'items')}[{index}]")


_ALONE: Final = "Make it a document of its own"
_CURE: Final = "Give it apiVersion, kind and metadata.name, or leave it out"


_SPELLED: Final = {
    "apiVersion": re.compile(r"([a-z0-9.-]+/)?[a-z0-9-]+"),
    "kind": re.compile(r"[A-Za-z][A-Za-z0-9-]*"),
}
"""How the API server spells kinds (DNS labels); anything else is no kind to it, and none to a rule."""


def _unlike(value: Any) -> str | None:
    """Why `value` is no object, or None."""
    if not isinstance(value, dict):
        return "is not a Kubernetes object but " + ("a list" if isinstance(value, list) else "a single value")
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            return f"is not a Kubernetes object: it says no {key}"
        if len(value[key]) <= MAX_NAME and not _SPELLED[key].fullmatch(value[key]):
            return f"is not a Kubernetes object: no {key} is spelled like that"
    metadata = value.get("metadata")
    names = [value["apiVersion"], value["kind"]]
    names += [metadata.get(key) for key in ("name", "namespace")] if isinstance(metadata, dict) else []
    if any(isinstance(name, str) and len(name) > MAX_NAME for name in names):
        return f"is called by more than {MAX_NAME} characters, which no object of Kubernetes is"
    return None
