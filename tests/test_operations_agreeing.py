"""A printed command repeats what made it work, and another catalogue by mistake costs nobody a platform."""

import ast
import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from components.service import Service
from operations import agreeing, stacks
from operations.agreeing import Removal, services_of
from operations.console import Console
from operations.embedded_files import Files
from operations.existing_record import Record
from operations.existing_stack import ExistingStack
from operations.exits import Exit, RefusedError
from operations.keeping import Stores
from operations.project import Project
from tests.support.stacks import MINIMAL, ROOT

SPOKEN = ("app.py", "catalogue_page.py", "cli.py", "policy_page.py")
"""Help and pages: they explain commands by the shipped catalogue, no run precedes them."""


class _Anything:
    """Whatever is asked of it, a text."""

    def __getattr__(self, name: str) -> str:
        return name


ANYTHING: Any = _Anything()


class ReachedError(Exception):
    """The engine would be started now."""


def described(folder: Path, *names: str) -> Path:
    """A catalogue of the smallest services."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in names:
        (folder / f"{name}.yaml").write_text(MINIMAL.format(name=name, kind="worker"), encoding="utf-8")
    return folder


def record(files: Files, *names: str) -> None:
    """A state in which the last run has made `names`."""
    files.checkpoint.parent.mkdir(parents=True)
    files.folder.mkdir(parents=True, exist_ok=True)
    resources = [{"type": Service.token, "urn": f"urn:pulumi:dev::p::{Service.token}::{name}"} for name in names]
    latest = {"resources": [{"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:dev::p::x::dev"}, *resources]}
    files.checkpoint.write_text(json.dumps({"checkpoint": {"latest": latest}}), encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose last run has made `a` to `d` from the catalogue `few`, and where starting the engine raises."""

    def reached(**_: object) -> None:
        raise ReachedError

    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    described(tmp_path / "few", "a", "b", "c", "d")
    files = Files(project=Project.here(root=tmp_path), stack="dev")
    record(files, "a", "b", "c", "d")
    (files.folder / "catalogue").write_text(f"{tmp_path / 'few'}\n", encoding="utf-8")
    monkeypatch.setattr("operations.engine.provide", reached)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def up(root: Path, services: Sequence[str], *, assume_yes: bool = False) -> None:
    project = Project.here(described(root / "services", *services), root=root)
    stacks.up(project, "dev", Console(quiet=True), assume_yes=assume_yes)


@pytest.mark.parametrize("services", [("a", "b"), ("a", "b", "c"), ("a", "b", "c", "d"), ("a", "b", "x", "y", "z")])
def test_half_of_the_services_may_go_unasked(root: Path, services: Sequence[str]) -> None:
    with pytest.raises(ReachedError):
        up(root, services)


@pytest.mark.parametrize(
    ("services", "said"),
    [
        (("a", "x", "y", "z"), "REMOVE 3 of the 4 services of 'dev', .*: b, c, d;"),
        (("x",), "REMOVE every service of 'dev', .*: a, b, c, d;"),
    ],
)
def test_more_than_half_of_the_services_never_go_unasked(root: Path, services: Sequence[str], said: str) -> None:
    with pytest.raises(RefusedError, match=said) as error:
        up(root, services)
    assert error.value.exit_code == Exit.USAGE
    words = str(error.value)
    assert "Nothing was touched" in words, "it does not say that nothing happened"
    assert "run again with --yes" in words, "it does not say how to agree"
    assert "`./plat up -s dev --services few`" in words, "the catalogue of the last run is not named"


def test_yes_agrees_and_says_what_goes_all_the_same(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ReachedError):
        up(root, ("x",), assume_yes=True)
    assert "REMOVE every service of 'dev'" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "expected"), [("dev", ReachedError), ("yes", RefusedError), ("", RefusedError)])
def test_only_the_name_of_the_stack_agrees(
    root: Path, answer: str, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    with pytest.raises(expected):
        up(root, ("x",))


def test_on_a_cluster_of_others_it_is_asked_as_well(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mended(*_: object) -> None:
        raise ReachedError

    def recorded(driver: ExistingStack, *_: object) -> Record:
        return Record(project=driver.project, stack="dev", console=driver.console, pulumi=ANYTHING)

    replaced: list[tuple[type, str, Callable[..., object]]] = [
        (ExistingStack, "_reached", lambda _: ANYTHING),
        (ExistingStack, "_check_backend", lambda _: None),
        (ExistingStack, "_tools", lambda _: None),
        (ExistingStack, "_cluster", lambda *_: None),
        (ExistingStack, "_record", recorded),
        (Record, "ensure", lambda _: None),
        (Record, "resources", lambda _: [{"type": Service.token, "urn": f"urn:x::{name}"} for name in "abcd"]),
        (Record, "mend", mended),
    ]
    for owner, name, made in replaced:
        monkeypatch.setattr(owner, name, made)
    ours = Project.here(described(root / "services", "x"), root=root)
    driver = ExistingStack(project=ours, stack="dev", console=Console(quiet=True), cluster=ANYTHING)
    stores = Stores(project=ours, stack="dev", command="up", wanted=(), asked=True, approved=frozenset())
    with pytest.raises(ReachedError):
        driver.up(total=1, services=("x",), stores=stores, assume_yes=True)
    assert "REMOVE every service of 'dev'" in capsys.readouterr().err


def test_the_names_of_services_are_those_of_their_components() -> None:
    assert Service.token == agreeing.SERVICE, "no service would be found in a record, and none asked about"
    assert services_of([{"type": Service.token, "urn": "urn:pulumi:dev::p::t::cart-service"}]) == {"cart-service"}


def test_a_long_list_of_services_is_cut(root: Path) -> None:
    removal = Removal(
        project=Project.here(root=root),
        stack="dev",
        before=[f"s{number:02}" for number in range(20)],
        after=(),
        folder=root,
    )
    with pytest.raises(RefusedError, match=r"s00, .*, s11 and 8 more;"):
        removal.agree(Console(quiet=True), assume_yes=False)


@pytest.mark.parametrize(
    ("services", "where", "printed"),
    [
        (None, ".", "./plat up -s dev"),
        ("services", ".", "./plat up -s dev"),
        ("few", ".", "./plat up -s dev --services few"),
        ("few", "few", "{root}/plat up -s dev --services ."),
        ("a few", ".", "./plat up -s dev --services 'a few'"),
    ],
)
def test_a_printed_command_repeats_the_catalogue(
    root: Path, services: str | None, where: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / where)
    project = Project.here(root / services if services else None, root=root)
    assert project.command("up", "-s", "dev") == printed.format(root=root)


@pytest.mark.parametrize("file", sorted((ROOT / "operations").rglob("*.py")), ids=lambda file: file.name)
def test_no_command_of_this_project_is_spelt_by_hand(file: Path) -> None:
    if file.name in SPOKEN:
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in documented)
    spelt = [text.value for text in texts if re.search(r"plat (up|down|validate|blueprint)\b", str(text.value))]
    assert not spelt, f"use Project.command, which repeats --services: {spelt}"
