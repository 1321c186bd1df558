"""The commands that need no engine, as processes: what they print where, what they end with, what they never load."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from blueprint.reading.values import LOADER
from tests.support.stacks import ROOT, SERVICES, STACKS

OFFLINE = (
    ("--help",),
    ("validate",),
    ("validate", "--json"),
    ("blueprint", "-s", "dev"),
    ("blueprint", "-s", "dev", "--json"),
    ("explain", "order-service", "--all"),
    ("doctor",),
    ("up", "--help"),
)


def plat(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line with this Python."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-m", "operations", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def loaded_by(beginning: str, *arguments: str) -> list[str]:
    """The modules a command has loaded when it ends well, as far as their names begin so."""
    script = (
        "import sys\nfrom operations.cli import main\ntry:\n    main()\nfinally:\n"
        f"    print(' '.join(['LOADED', *(name for name in sys.modules if name.startswith({beginning!r}))]))"
    )
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"plat {' '.join(arguments)} failed: {done.stderr}"
    return sorted(done.stdout.rstrip().rpartition("LOADED")[2].split())


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A catalogue with two mistakes in two files."""
    folder = tmp_path / "services"
    shutil.copytree(SERVICES, folder)
    for name, right, wrong in (("cart-service", "type: http", "type: htp"), ("user-service", "owner:", "owmer:")):
        text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
        changed = re.sub(r"^  type: \S+$", f"  {wrong}", text, count=1, flags=re.M) if "type" in right else ""
        (folder / f"{name}.yaml").write_text(changed or text.replace(right, wrong, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize("arguments", OFFLINE, ids=" ".join)
def test_what_needs_no_engine_never_loads_pulumi(arguments: tuple[str, ...]) -> None:
    assert not (loaded := loaded_by("pulumi", *arguments)), f"plat {' '.join(arguments)} loads {loaded}"


@pytest.mark.parametrize("arguments", [each for each in OFFLINE if each != ("doctor",)], ids=" ".join)
def test_only_doctor_loads_what_provides_an_engine_where_none_is_needed(arguments: tuple[str, ...]) -> None:
    assert not (loaded := loaded_by("operations.engine", *arguments)), f"plat {' '.join(arguments)} loads {loaded}"


@pytest.mark.parametrize("arguments", OFFLINE, ids=" ".join)
def test_piped_output_has_no_colour_and_no_control_characters(arguments: tuple[str, ...]) -> None:
    done = plat(*arguments)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", done.stdout + done.stderr), "a log would hold control characters"


def test_a_sound_catalogue_validates_in_one_line_and_one_about_what_is_not_made_yet() -> None:
    done = plat("validate")
    assert done.returncode == 0, f"the shipped catalogue is refused: {done.stderr}"
    valid, unmade = done.stdout.splitlines()
    assert "12 services" in valid, "the number of services is missing"
    assert unmade.startswith("declared, not made yet: "), unmade
    assert ", 13 broker accounts, " in unmade, unmade
    assert unmade.endswith("Where, and what to do meanwhile: ./plat validate --verbose"), "how to see more is missing"
    assert done.stderr == "", "success is commented on"


def test_verbose_names_every_place_that_asks_for_what_is_not_made_yet() -> None:
    reported = plat("validate", "--verbose").stdout.splitlines()
    assert "  services/analytics-service.yaml:52: spec.resources.events" in reported, (
        "an account is not found where it is declared"
    )
    assert "  Pulumi.prod.yaml: platform:settings.observability" in reported, (
        "what a stack promises by default is missing"
    )


@pytest.mark.parametrize("arguments", [("validate", "--json"), ("judge", "-s", "dev", "--format", "json")])
def test_what_is_not_made_yet_is_told_to_programs(arguments: tuple[str, ...]) -> None:
    pending = json.loads(plat(*arguments).stdout)["pending"]
    (found,) = [
        each
        for each in pending
        if each["file"].endswith("/analytics-service.yaml") and each["subject"] == "broker account"
    ]
    assert (found["line"], found["field"], found["waiting"]) == (52, "spec.resources.events", "analytics-service")


def test_the_judge_says_what_is_not_made_yet_beside_its_report() -> None:
    done = plat("judge", "-s", "dev")
    said = done.stderr.splitlines()[-1]
    assert said.startswith("declared, not made yet: "), said
    assert ", 13 broker accounts, " in said, said


def test_every_mistake_is_reported_on_its_line_at_once(broken: Path) -> None:
    done = plat("validate", "--services", str(broken))
    assert done.returncode == 2, "a broken catalogue does not end with 2"
    lines = done.stderr.splitlines()
    assert all(re.match(r"\S+/services/\S+\.yaml:\d+: \S+: .+\. .+[.?]$", line) for line in lines), (
        f"not the form: {lines}"
    )
    assert {line.split(":")[0] for line in lines} == {
        str(broken / "cart-service.yaml"),
        str(broken / "user-service.yaml"),
    }, f"only some of the files with mistakes are named: {lines}"
    assert done.stdout == "", "stdout is for results"


def test_problems_as_json_name_file_line_field_cause_and_cure(broken: Path) -> None:
    done = plat("validate", "--json", "--services", str(broken))
    assert done.returncode == 2, "--json changes the exit code"
    problems = json.loads(done.stdout)["problems"]
    assert problems, "the problems are missing"
    assert all(set(problem) == {"file", "line", "field", "cause", "cure"} for problem in problems), (
        "not the five fields"
    )


def test_a_services_folder_is_taken_from_the_working_directory(tmp_path: Path) -> None:
    shutil.copytree(SERVICES, tmp_path / "mine")
    done = plat("validate", "--services", "mine", cwd=tmp_path)
    assert done.returncode == 0, f"a relative folder is not found from where the user stands: {done.stderr}"


@pytest.mark.parametrize("command", ["blueprint", "up", "down"])
def test_an_unknown_stack_is_a_usage_error_that_names_the_nearest(command: str) -> None:
    done = plat(command, "-s", "pord")
    assert done.returncode == 2, "a typo is not a usage error"
    assert "Did you mean 'prod'" in done.stderr, "the nearest stack is not named"


@pytest.mark.parametrize("arguments", [("blueprint",), ("frobnicate",), ("up", "--frob"), ("render", "-s", "dev")])
def test_a_wrong_command_line_ends_with_2_and_a_hint(arguments: tuple[str, ...]) -> None:
    done = plat(*arguments)
    assert done.returncode == 2, "a wrong command line does not end with 2"
    assert "plat" in done.stderr, "there is no hint"
    assert "Traceback" not in done.stderr, "a user was shown a traceback"


@pytest.mark.parametrize("stack", STACKS)
def test_a_blueprint_is_the_same_as_yaml_and_as_json_and_every_time(stack: str) -> None:
    first, second, as_json = (
        plat("blueprint", "-s", stack),
        plat("blueprint", "-s", stack),
        plat("blueprint", "-s", stack, "--json"),
    )
    assert first.returncode == 0, f"no blueprint: {first.stderr}"
    assert first.stdout == second.stdout, "two runs differ"
    read = yaml.load(first.stdout, LOADER)  # noqa: S506  (a safe one, written in C)
    assert read == json.loads(as_json.stdout), "YAML and JSON say different things"


def test_a_broken_catalogue_stops_a_blueprint_and_up_with_the_same_lines(broken: Path) -> None:
    reported = plat("validate", "--services", str(broken)).stderr
    for command in ("blueprint", "up"):
        done = plat(command, "-s", "dev", "--services", str(broken))
        assert done.returncode == 2, f"{command} does not end with 2"
        assert set(done.stderr.splitlines()) <= set(reported.splitlines()), f"{command} words the mistakes otherwise"


def test_the_doctor_finds_this_machine_fit_or_says_why_not() -> None:
    done = plat("doctor", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode == 0) == report["healthy"], "exit code and report disagree"
    assert all(check["cure"] for check in report["checks"] if check["state"] == "fault"), "a fault without a cure"
    assert {"python", "engine", "go", "disk", "embedded cluster"} <= {check["subject"] for check in report["checks"]}, (
        "something that `up` needs is not looked at"
    )


def test_the_doctor_refuses_a_broken_catalogue(broken: Path) -> None:
    done = plat("doctor", "--services", str(broken))
    assert done.returncode == 1, "the doctor overlooks that nothing could come up"
    assert "plat validate" in done.stdout, "it does not say how to see the mistakes"


def test_a_reader_that_has_had_enough_is_no_mistake() -> None:
    command = f"{sys.executable} -m operations blueprint -s dev | head -n 1"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("is: Blueprint"), "the first line did not arrive"
    assert done.stderr == "", f"a closed pipe is commented on: {done.stderr}"


def test_an_unforeseen_mistake_is_one_line_and_a_traceback_in_a_file(tmp_path: Path) -> None:
    script = (
        "import operations.project as p, operations.deciding as d, pathlib, sys\n"
        f"p.ROOT = pathlib.Path({str(tmp_path)!r})\n"
        "def boom(_): raise RuntimeError('what nobody\\nthought of')\n"
        "d.validate = boom\nfrom operations.cli import main\nsys.argv = ['plat', 'validate']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 255, "a mistake of ours looks like one of the user's"
    assert done.stderr.count("\n") == 1, f"more than a line: {done.stderr}"
    log = tmp_path / ".embedded" / "crash.log"
    assert str(log) in done.stderr, "it does not say where the traceback is"
    assert "RuntimeError" in log.read_text(encoding="utf-8"), "the traceback is not there"


def test_no_color_and_dumb_terminals_are_respected() -> None:
    script = (
        "import os, pty, sys\n"
        "pid, fd = pty.fork()\n"
        "if pid == 0:\n"
        "    os.execv(sys.executable, [sys.executable, '-c', 'from operations.console import Console;"
        'print(repr(Console().title("x")))\'])\n'
        "out = b''\n"
        "while True:\n"
        "    try:\n        more = os.read(fd, 1024)\n"
        "    except OSError:\n        break\n"
        "    if not more:\n        break\n"
        "    out += more\n"
        "os.waitpid(pid, 0)\nprint(out.decode().strip())"
    )
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}

    def shown(**variables: str) -> str:
        environment = {**plain, "TERM": "xterm", **variables}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert shown() == "'\\x1b[1mx\\x1b[0m'", "a terminal is not used"
    assert shown(NO_COLOR="1") == "'x'", "NO_COLOR is ignored"
    assert shown(TERM="dumb") == "'x'", "a terminal without capabilities gets escape codes"
