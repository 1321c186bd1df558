"""What a newcomer types works: Makefile, CI, hooks and commands agree with each other (README: test_house_readme)."""

import re
import shutil
import subprocess

import pytest
import yaml

from tests.support.stacks import ROOT
from tests.test_operations_cli_commands import plat

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.M))
PROMISED = {"help", "up", "down", "test", "test-fast", "lint", "clean"}


def test_every_promised_target_is_there_and_documented() -> None:
    assert PROMISED <= TARGETS, f"missing: {sorted(PROMISED - TARGETS)}"
    undocumented = sorted(target for target in TARGETS if not re.search(rf"^{target}:.*## \S", MAKEFILE, flags=re.M))
    assert not undocumented, f"`make help` does not explain {undocumented}"
    phony = set(MAKEFILE.split(".PHONY:", 1)[1].splitlines()[0].split())
    assert phony == TARGETS, "a file of that name would hide a target"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_alone_explains_the_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    explained = set(re.findall(r"^  make (\S+)", done.stdout, flags=re.M))
    assert explained == TARGETS, f"not explained: {sorted(TARGETS - explained)}"


def test_every_command_of_the_makefile_is_one_of_plat() -> None:
    for command, *options in re.findall(r"^\t@\./plat ([a-z]+)((?: -\S+)*)", MAKEFILE, flags=re.M):
        words = plat(command, "--help").stdout
        assert words, f"the Makefile calls `plat {command}`, which is not there"
        for option in " ".join(options).split():
            assert option in words, f"the Makefile calls `plat {command} {option}`, which it does not take"


def test_ci_runs_what_a_developer_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.startswith("#!/usr/bin/env bash"), "it is not a bash script"
    assert "set -euo pipefail" in script, "a failing step would go unnoticed"
    assert script.rstrip().endswith("\nmake test"), "CI does something a developer does not"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111, "it cannot be executed"
    assert subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=False).returncode == 0, "it does not parse"


def test_the_go_that_ci_installs_builds_the_tools() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    version = re.search(r"^GO_VERSION=(\d+)\.(\d+)\.\d+$", script, flags=re.M)
    assert version, "CI pins no Go"
    installed = (int(version[1]), int(version[2]))
    for module in sorted((ROOT / "tools").glob("*/go.mod")):
        wanted = re.search(r"^go (\d+)\.(\d+)", module.read_text(encoding="utf-8"), flags=re.M)
        assert wanted, f"{module} says no Go version"
        assert (int(wanted[1]), int(wanted[2])) <= installed, f"{module.parent.name} needs a newer Go than CI installs"


def test_make_test_runs_every_tier_and_test_fast_needs_no_engine() -> None:
    recipe = MAKEFILE.split("\ntest:", 1)[1].split("\n\n", 1)[0]
    assert '-m "not engine"' in recipe, "the fast tiers are missing"
    assert '-m "engine and not laboratory"' in recipe, "the tests on the real engine are missing"
    assert "make test-laboratory" in recipe, "it does not say what it left out, and how to run that"
    assert "-m laboratory" in MAKEFILE.split("\ntest-laboratory:", 1)[1].split("\n\n", 1)[0], "that runs something else"
    fast = MAKEFILE.split("\ntest-fast:", 1)[1].split("\n\n", 1)[0]
    assert '-m "not engine"' in fast, "it would build an engine"


def test_hooks_come_from_the_project_alone() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in hooks["repos"]] == ["local"], "a commit would download something"
    assert all(hook["language"] == "system" for hook in hooks["repos"][0]["hooks"]), "a hook makes its own environment"


def test_what_a_run_leaves_is_ignored_by_git() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for folder in (".embedded/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/", ".hypothesis/"):
        assert folder in ignored, f"{folder} would be committed"
    assert ".venv" in ignored, "an environment, which may be a link as well as a folder, would be committed"
    assert not (ROOT / ".venv").is_symlink() or not _tracked(".venv"), "a machine's environment is committed"


def _tracked(path: str) -> bool:
    return bool(subprocess.run(["git", "ls-files", path], cwd=ROOT, capture_output=True, check=False).stdout)


def test_every_entry_of_the_changelog_says_what_it_does_to_running_stacks() -> None:
    entries = re.split(r"^- \*\*", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)[1:]
    ends = re.compile(r"\n  Running stacks: (none|in place|replaces \S|needs alias)[^\0]*\.$")
    silent = [entry.split("**", 1)[0] for entry in entries if not ends.search(entry.split("\n## ", 1)[0].rstrip())]
    assert entries, "no entry"
    assert not silent, f"no last line `Running stacks: none, in place, replaces … or needs alias` in {silent}"
