"""Reading a catalogue: every mistake is reported, word for word, and reading raises nothing else.

The mistakes themselves are the cases below golden/errors (see error_cases). What a text cannot show is here:
size, depth, and a process that must survive. What holds for any file at all is in test_reading_properties.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import WithJsonSchema

from blueprint import quantities, text
from blueprint.catalogue import Service
from blueprint.reading import Catalogue, Problem, TextError, crossing, read_catalogue, wording
from blueprint.reading.patterns import PATTERNS
from blueprint.reading.view import View
from blueprint.settings import Settings
from tests.support import error_cases
from tests.support.error_cases import FOLDER, NOTHING, Case, cases

TODAY = date(2026, 11, 20)
ELSEWHERE = ("kubeconfig", "secrets", "settings", "stores")
"""Cases that need a stack as well."""
SUBJECTS = sorted(folder.name for folder in FOLDER.iterdir() if folder.name not in ELSEWHERE)


@pytest.mark.parametrize("case", cases(*SUBJECTS), ids=lambda case: case.name)
def test_a_catalogue_is_read_or_every_mistake_is_reported_in_these_words(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(case.place(tmp_path))
    case.check(lambda: read_catalogue(Path("services"), today=TODAY))


def test_there_are_sixty_golden_error_cases_or_more() -> None:
    reported = [case for case in cases(*SUBJECTS) if case.expected != NOTHING]
    assert len(reported) >= 60, "the promise of this package is kept by its cases; some are gone"


def test_every_sentence_is_said_of_one_case() -> None:
    sentences = [case.sentence for case in cases(*SUBJECTS, *ELSEWHERE)]
    assert sorted(set(sentences)) == sorted(sentences), "two cases claim to prove the same"


@pytest.mark.parametrize(("update", "kept"), [(False, "wrong\n"), (True, "nothing\n")])
def test_a_case_that_is_wrong_fails_and_is_rewritten_only_when_asked(
    update: bool, kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_cases, "UPDATE", update)
    file = tmp_path / "case.txt"
    file.write_text("# A sentence.\n\n--- a\nx\n--- expected\nwrong\n")
    case = Case(file=file, sentence="A sentence.", written={"a": "x\n"}, expected="wrong\n")
    with pytest.raises(AssertionError):
        case.check(lambda: None)
    assert file.read_text() == f"# A sentence.\n\n--- a\nx\n--- expected\n{kept}", "a golden file moved by itself"


class _Asked(dict[str, wording.Wording]):
    """The table of wordings, and which of them were asked for."""

    asked: ClassVar[set[str]] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def test_every_wording_is_said_in_a_case_and_pydantic_never_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "WORDINGS", table := _Asked(wording.WORDINGS))
    for case in cases(*SUBJECTS):
        with contextlib.suppress(TextError):
            read_catalogue(case.place(tmp_path / case.name) / "services", today=TODAY)
    assert table.asked == set(table), "a wording without a case, or a mistake reported in pydantic's words"


@pytest.mark.parametrize("check", crossing.CHECKS, ids=lambda check: check.__name__)
def test_every_check_between_files_refuses_something(
    check: Callable[[View], Iterator[Problem]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for case in cases("needing", "events", "names", "owning", "offering", "promising", "public"):
        services = case.place(tmp_path / case.name) / "services"
        reported = []
        for checks in ((), (check,)):
            monkeypatch.setattr(crossing, "CHECKS", checks)
            try:
                read_catalogue(services, today=TODAY)
            except TextError as error:
                reported.append(str(error))
            else:
                reported.append("")
        if reported[0] != reported[1]:
            return
    pytest.fail("no case is refused by it alone")


def _service(*lines: str, name: str = "shop") -> str:
    """A valid service and more `lines` of its spec."""
    head = [
        "apiVersion: catalog.platform/v1alpha1",
        "kind: Service",
        f"metadata: {{name: {name}}}",
        "spec:",
        "  type: service",
        "  owner: team-shop",
        "  system: commerce",
        "  containers:",
        "    main:",
        "      image: example.com/shop:1.0.0",
        "      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}",
    ]
    return "\n".join([*head, *(f"  {line}" for line in lines)]) + "\n"


def _read(folder: Path, **files: str | bytes) -> Catalogue:
    services = folder / "services"
    services.mkdir(exist_ok=True)
    for name, content in files.items():
        (services / f"{name}.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_catalogue(services, today=TODAY)


def _reported(folder: Path, **files: str | bytes) -> str:
    with pytest.raises(TextError) as refused:
        _read(folder, **files)
    return str(refused.value)


# ---- what a text cannot show


def test_a_file_of_256_kib_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    service = _service()
    padded = service + "#" * (256 * 1024 - len(service))
    assert _read(tmp_path, shop=padded).services, "a file of exactly the limit is refused"
    assert _reported(tmp_path, shop=padded + "#") == (
        "services/shop.yaml:1: is longer than 256 KiB, the limit for a file written by hand. "
        "Move contracts, schemas and data into files of their own."
    )


def test_32_levels_are_read_and_33_are_not(tmp_path: Path) -> None:
    levels = {depth: "[" * depth + "]" * depth for depth in (28, 29)}
    written = {depth: _service(f"environments: {{dev: {{tests: {text}}}}}") for depth, text in levels.items()}
    assert "nests" not in _reported(tmp_path, shop=written[28]), "32 levels are taken for 33"
    assert _reported(tmp_path, shop=written[29]) == "services/shop.yaml:12: nests deeper than 32 levels. Flatten it."


HARMFUL = {
    "a hundred thousand lists": "[" * 100_000,
    "a hundred thousand maps": "{a: " * 60_000,
    "a hundred thousand levels of indentation": "\n".join(" " * depth + "a:" for depth in range(700)),
    "a hundred thousand items on one line": "- " * 100_000,
    "an alias bomb": "\n".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairwise("abcdefghijkl")
    ),
    "an alias of itself": "a: &a {b: *a}",
    "a number of a hundred thousand digits": _service(f"scaling: {{minReplicas: {'9' * 100_000}}}"),
    "a key of two hundred thousand characters": f"? {'k' * 200_000}\n: x",
    "an endless quote": 'a: "' + "x" * 200_000,
    "forty thousand documents": "--- a\n" * 40_000,
    "ten thousand keys of one name": "a: 1\n" * 10_000,
}


@pytest.mark.parametrize("harm", HARMFUL)
def test_a_harmful_file_is_reported_and_the_process_survives_in_512_mib(harm: str, tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "shop.yaml").write_text(HARMFUL[harm])
    program = (
        "import datetime, pathlib, resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (512 * 2**20, 512 * 2**20))\n"
        "from blueprint.reading import TextError, read_catalogue\n"
        "try:\n"
        "    read_catalogue(pathlib.Path('services'), today=datetime.date(2026, 11, 20))\n"
        "except TextError as error:\n"
        "    print(str(error)[:200])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ran.returncode == 0, f"{harm} took the process down: {ran.stderr[-400:]}"
    assert ran.stdout.startswith("services/shop.yaml:"), f"{harm} was not reported"


def test_a_problem_is_one_line_whatever_was_written(tmp_path: Path) -> None:
    reported = _reported(tmp_path, shop=_service('"a\\nb\\e[31m": 1', 'tier: "x\\ny"'))
    assert len(reported.splitlines()) == len(reported.split("\n")), "a line break splits a message for any reader"
    assert "\x1b" not in reported, "an escape sequence reaches the terminal of whoever reads the message"


def test_a_problem_has_a_record_for_machines(tmp_path: Path) -> None:
    with pytest.raises(TextError) as refused:
        _read(tmp_path, shop=_service("tier: gold"))
    assert [problem.record() for problem in refused.value.problems] == [
        {
            "file": "services/shop.yaml",
            "line": 12,
            "field": "spec.tier",
            "cause": "'gold' is not a valid value",
            "cure": "Valid: best-effort, critical, standard",
        }
    ], "a record is not the five parts of the line"


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TextError, match=r"^services:1: is not a folder\. Put one YAML file per service there"):
        read_catalogue(Path("services"), today=TODAY)


def test_the_folder_of_this_place_has_its_name_in_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "shop.yaml").write_text("- x\n")
    monkeypatch.chdir(tmp_path / "services")
    with pytest.raises(TextError, match=r"^services/shop\.yaml:1: "):
        read_catalogue(Path(), today=TODAY)


def _patterns(schema: Any) -> Iterator[str]:
    """Every pattern of a JSON Schema, for values and for keys."""
    if isinstance(schema, dict):
        yield from [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
        yield from schema.get("patternProperties", {})
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _patterns(inner)


def test_every_pattern_of_the_schemas_is_put_into_words() -> None:
    # Names, durations and the like are checked by validators that bring their own words.
    own = {
        entry.json_schema.get("pattern")
        for kind in (*vars(text).values(), *vars(quantities).values())
        for entry in getattr(kind, "__metadata__", ())
        if isinstance(entry, WithJsonSchema) and entry.json_schema
    }
    written = {*_patterns(Service.model_json_schema()), *_patterns(Settings.model_json_schema())} - own
    assert written <= set(PATTERNS), "an owner would be shown a regular expression"
    assert set(PATTERNS) <= written, "words for a pattern that no field has"


def test_a_pipe_called_like_a_file_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "services"
    folder.mkdir()
    os.mkfifo(folder / "shop.yaml")
    with pytest.raises(
        TextError, match=r"services/shop\.yaml:1: is a pipe, not a file\. Write its content into a file\."
    ):
        read_catalogue(folder, today=TODAY)
