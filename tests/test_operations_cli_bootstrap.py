"""`./plat` on a machine where nothing has been prepared: its own environment, made once, trusted only when complete."""

import ast
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.stacks import ROOT

ECHO = """import sys
def main():
    print(sys.prefix, *sys.argv[1:], sep='|')
"""
"""Stands for the commands: prints which environment runs and what it was given."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with nothing but the bootstrap in it, at a path with blanks; its requirements need no network."""
    root = tmp_path / "a project"
    (root / "operations").mkdir(parents=True)
    (root / "operations" / "__init__.py").touch()
    (root / "operations" / "cli.py").write_text(ECHO, encoding="utf-8")
    (root / "requirements.txt").write_text("# nothing\n", encoding="utf-8")
    (root / "requirements-dev.txt").write_text("-r requirements.txt\n", encoding="utf-8")
    shutil.copy(ROOT / "plat", root / "plat")
    return root


def plat(program: Path, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs `program` with this Python, in `cwd`."""
    environment = {**os.environ, **variables}
    command = [sys.executable, str(program), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_first_use_makes_the_environment_and_the_second_only_uses_it(project: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "plat"
    link.parent.mkdir()
    link.symlink_to(project / "plat")
    (link.parent / "operations.py").write_text("raise SystemExit('the working directory was searched')")

    first = plat(link, "up", "-s", "a stack", cwd=link.parent)
    assert first.returncode == 0, f"the first use did not get through: {first.stderr}"
    assert first.stdout == f"{project / '.venv'}|up|-s|a stack\n", "the arguments or the environment did not arrive"
    assert "installing requirements.txt" in first.stderr, "a wait of seconds was not explained"
    assert "ready (" in first.stderr, "it does not say how long it took"

    second = plat(link, cwd=link.parent)
    assert second.stderr == "", "a complete environment was prepared again"

    (project / "requirements.txt").write_text("# other pins\n", encoding="utf-8")
    assert "installing" in plat(project / "plat").stderr, "changed requirements went unnoticed"

    next((project / ".venv").glob(".requirements.txt.sha256")).unlink()  # as an interrupted installation leaves it
    assert "installing" in plat(project / "plat").stderr, "an environment without its stamp was trusted"

    (project / ".venv" / "bin" / "python").unlink()
    (project / ".venv" / "bin" / "python").symlink_to(tmp_path / "removed" / "python3.9")
    assert plat(project / "plat", "x").stdout.endswith("|x\n"), "an environment whose Python is gone was not replaced"


def test_two_first_uses_at_once_wait_for_each_other(project: Path) -> None:
    command = [sys.executable, str(project / "plat"), "hello"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    second = plat(project / "plat", "hello")
    words, progress = first.communicate(timeout=120)
    assert words == second.stdout == f"{project / '.venv'}|hello\n", "one of the two saw a half made environment"
    assert ["installing" in progress, "installing" in second.stderr].count(True) == 1, "both installed at once"


def test_requirements_that_cannot_be_installed_are_reported_with_a_cure_and_not_trusted_later(project: Path) -> None:
    (project / "requirements.txt").write_text("./no-such-folder\n", encoding="utf-8")
    for attempt in ("first", "second"):
        failed = plat(project / "plat", "validate")
        assert failed.returncode == 1, f"the {attempt} attempt went on without its packages"
        assert "could not be installed" in failed.stderr, "the consequence is missing"
        assert "run the command again" in failed.stderr, "there is no cure"
        assert "Traceback" not in failed.stderr, "a user was shown a traceback"


def test_a_python_without_venv_is_refused_with_how_to_get_it(project: Path, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "ensurepip.py").write_text("raise ImportError('as Debian ships it')", encoding="utf-8")
    failed = plat(project / "plat", "validate", PYTHONPATH=str(tmp_path / "without"))
    assert failed.returncode == 1, "it went on without an environment"
    assert "sudo apt install python3-venv" in failed.stderr, "the package that is missing is not named"


def test_an_old_python_is_refused_in_words_it_can_print(project: Path) -> None:
    old = "import runpy, sys; sys.version_info = (3, 8, 1); sys.argv = ['plat']; runpy.run_path({!r}, run_name='plat')"
    command = [sys.executable, "-c", old.format(str(project / "plat"))]
    refused = subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False)
    assert refused.returncode == 1, "an old Python was taken"
    assert "this is Python 3.8, and 3.11 or newer is needed" in refused.stderr, "what is wrong is missing"
    assert not (project / ".venv").exists(), "something was made all the same"


def test_the_bootstrap_reads_under_any_python_3() -> None:
    ast.parse((ROOT / "plat").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_unwritable_project_is_reported(project: Path) -> None:
    (project / ".venv").write_text("a file where a folder should be", encoding="utf-8")
    failed = plat(project / "plat", "validate")
    assert failed.returncode == 1, "it went on without an environment"
    assert "Traceback" not in failed.stderr, "a user was shown a traceback"
