"""Commit subjects: `area: imperative`, at most 72 characters; the check runs as the hook runs it."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from operations.commit_subject import EXAMPLE
from tests.support.stacks import ROOT

HOOKS: Final = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

GOOD: Final = {
    "a subject alone": "docs: add a glossary",
    "an area with a folder": "policies/net: refuse addresses of nodes",
    "an area with an underscore": "state_secrets: read the last-applied copy",
    "a verb that ends like a past tense": "sizes: need no table for ephemeral stacks",
    "a verb that ends in two s": "reading: pass the day to every check",
    "a verb that ends in es without being one": "docs: focus on commands",
    "a verb that ends in as": "components: alias the old token",
    "72 characters": f"docs: {'a' * 66}",
    "a body": f"{EXAMPLE}\n\nThe template took it in.\n",
    "git's comments": f"{EXAMPLE}\n\n# Please enter the commit message\n# for your changes.\n",
    "comments before the subject": f"\n# This is a combination of 2 commits.\n{EXAMPLE}\n",
    "a diff below the scissors": f"{EXAMPLE}\n# ------------------------ >8 ------------------------\ndiff --git a b\n",
    "a merge": "Merge branch 'wt-docs' into main\n\n# Conflicts:\n#\tREADME.md\n",
    "a revert": f'Revert "{"a" * 80}"\n\nThis reverts commit 0.',
    "a fixup": f"fixup! {EXAMPLE}",
    "a squash": f"squash! {EXAMPLE}",
    "an amend": f"amend! {EXAMPLE}",
}
BAD: Final = {
    "nothing": ("", "there is no subject"),
    "only comments": ("# Please enter the commit message\n", "there is no subject"),
    "no area": ("Add a glossary", "'Add a glossary' is not of the form 'area: imperative'"),
    "no space after the area": ("docs:add a glossary", "is not of the form"),
    "an area in capitals": ("Docs: add a glossary", "is not of the form"),
    "an area and nothing": ("docs: ", "is not of the form"),
    "a verb in capitals": ("docs: Add a glossary", "'Add' is no imperative in lower case"),
    "a past tense": ("docs: added a glossary", "'added' is no imperative"),
    "a participle": ("docs: adding a glossary", "'adding' is no imperative"),
    "a third person": ("docs: adds a glossary", "'adds' is no imperative"),
    "a third person in es": ("docs: refreshes the pages", "'refreshes' is no imperative"),
    "73 characters": (f"docs: {'a' * 67}", "has 73 characters, at most 72 are shown"),
    "a full stop": ("docs: add a glossary.", "ends in a full stop"),
    "a body without an empty line": (f"{EXAMPLE}\nThe template took it in.", "commit message:2: 'The template took"),
    "a merge of one's own making": ("Merged main", "is not of the form"),
}


def hook() -> dict[str, Any]:
    (found,) = [entry for entry in HOOKS["repos"][0]["hooks"] if entry["id"] == "commit-subject"]
    return dict(found)


def checked(message: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The hook's command on `message`, with the file as its last argument, as git and pre-commit call it."""
    file = folder / "COMMIT_EDITMSG"
    file.write_text(message, encoding="utf-8")
    command = [*shlex.split(hook()["entry"]), str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", sorted(GOOD))
def test_a_good_message_passes_in_silence(case: str, tmp_path: Path) -> None:
    done = checked(GOOD[case], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("case", sorted(BAD))
def test_a_bad_message_is_refused_with_cause_and_cure(case: str, tmp_path: Path) -> None:
    message, cause = BAD[case]
    done = checked(message, tmp_path)
    assert done.returncode == 1, done.stderr
    assert cause in done.stderr
    assert done.stderr.endswith("Nothing was committed.\n")


@pytest.mark.parametrize(("subject", "made"), [(EXAMPLE, 1), ("Fixed stuff", 0)])
def test_git_makes_a_commit_only_of_a_good_subject(subject: str, made: int, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "operations").symlink_to(ROOT / "operations")
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    who = {f"GIT_{role}_{part}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", **who}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False)

    assert run("git", "init").returncode == 0
    installed = run(sys.executable, "-m", "pre_commit", "install", "--hook-type", "commit-msg")
    assert installed.returncode == 0, installed.stderr
    run("git", "add", ".pre-commit-config.yaml")
    done = run("git", "commit", "-m", subject)
    assert hook()["name"] in done.stderr, "the hook did not run"
    assert len(run("git", "log", "--oneline").stdout.splitlines()) == made, done.stderr


def test_pre_commit_install_installs_both_kinds_of_hook() -> None:
    assert set(HOOKS["default_install_hook_types"]) == {"pre-commit", "commit-msg"}
    assert HOOKS["default_stages"] == ["pre-commit"], "the other hooks would run on a message"
