"""The commands: what they are called, their options and exit codes. Each calls a module of its own.

Heavy modules are imported inside the commands, so that `--help` stays quick and a command that needs no engine never
loads Pulumi. Exit codes are in exits.py; no input of a user ends in a traceback.
"""

from __future__ import annotations

import functools
import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from operations import options
from operations.console import Console, many
from operations.endings import ended
from operations.exits import Exit

app = typer.Typer(
    name="plat",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it prints local variables, secrets among them
    rich_markup_mode=None,  # plain help: it is read in terminals, logs and pipes alike
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="""One YAML file per service in services/ becomes a running platform.

    \b
    First time on this machine:
      ./plat doctor              what is installed, what is missing
      ./plat up -s dev           the whole platform, on a real Kubernetes API on this machine
      ./plat down -s dev         remove it again, nothing left behind

    \b
    While changing a service:
      ./plat validate            every mistake of every file, with its line and its cure
      ./plat render -s dev -o rendered --service order-service
                                 the Kubernetes objects of one service, as YAML to read
      ./plat judge -s prod       what the policies find, with the cure and the line to edit
      ./plat blueprint -s prod   every decision about a stack, as YAML

    A stack is a file Pulumi.STACK.yaml: where the platform runs and how large. `dev` needs no account, no container
    engine and no cluster; what it starts and writes is in .embedded.

    Results go to stdout, everything else to stderr. Piped output has no colour; NO_COLOR=1 switches it off anywhere.

    \b
    Exit codes: 0 done   1 this machine lacks something   2 wrong catalogue, settings, command line or YAML
    4 refused by the cluster   5 refused by a policy   6 no such stack   8 interrupted   255 internal error
    """,
)


def command(name: str, brief: str) -> Callable[[Callable[..., Exit]], Callable[..., None]]:
    """Registers a command under `name`, listed as `brief`; every outcome becomes an exit code and some lines."""

    def register(function: Callable[..., Exit]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(**given: Any) -> None:
            raise typer.Exit(ended(function, given))

        app.command(name, short_help=brief)(guarded)
        return guarded

    return register


@command("validate", "Check every file; print every mistake with its line and cure.")
def validate(
    *,
    services: options.Services = None,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Check the catalogue for every environment, and every stack file. Needs no engine.

    Prints every mistake as `file:line: field: cause. Cure.` on stderr and ends with 2, or one line and 0. A second
    line says what is declared and not made yet; --verbose tells where, and what to do meanwhile.
    """
    from blueprint.unmade import record  # noqa: PLC0415
    from operations import unmade  # noqa: PLC0415
    from operations.deciding import validate as validated  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    with words.busy("reading the catalogue"):
        project = Project.here(services)
        verdict = validated(project)
        pending = unmade.of_every_stack(project, verdict.catalogue) if verdict.catalogue else ()
    if as_json:
        words.result(json.dumps({**verdict.record(), "pending": record(pending)}, indent=1))
    for problem in verdict.problems if not as_json else ():
        words.error(str(problem))
    if verdict.problems:
        return Exit.USAGE
    if not as_json:
        words.result(verdict.sentence())
        if pending:
            more = project.command("validate", "--verbose")
            words.result(unmade.page(pending) if verbose else unmade.line(pending, more))
    return Exit.OK


@command("blueprint", "Print every decision about a stack, as YAML.")
def blueprint(
    *,
    stack: options.Stack,
    services: options.Services = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Print every decision about a stack, as YAML: who may call whom, what runs where, how large. Needs no engine.

    The same text for the same input, so that two versions can be compared: plat blueprint -s prod > before.yaml
    """
    from blueprint.printing import plain, printed  # noqa: PLC0415
    from operations.deciding import decide  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    with words.busy("deciding"):
        decisions = decide(Project.here(services), stack)
        text = json.dumps(plain(decisions), indent=1) if as_json else printed(decisions).rstrip("\n")
    words.result(text)
    return Exit.OK


@command("render", "Write a stack's Kubernetes objects as YAML files.")
def render(
    *,
    stack: options.Stack,
    folder: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder that will hold the files.")],
    service: Annotated[
        str | None, typer.Option("--service", metavar="NAME", help="Only this service's objects.")
    ] = None,
    services: options.Services = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Write every Kubernetes object of a stack as YAML, one file each, exactly as the cluster gets it.

    Files are named NAMESPACE/KIND-NAME.yaml, objects without a namespace are in _cluster. The folder belongs
    to the command: a second render replaces what the first wrote, and a folder with other files is refused.
    Needs no engine.
    """
    from operations import rendering  # noqa: PLC0415
    from operations.deciding import decide  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    with words.busy("rendering"):
        wanted = rendering.files(rendering.chosen(decide(Project.here(services), stack), service))
        removed = rendering.write(folder, wanted)
    if as_json:
        words.result(json.dumps({"folder": str(folder), "files": list(wanted), "removed": removed}, indent=1))
    else:
        gone = f", {removed} that are no longer made removed" if removed else ""
        words.result(f"{many(len(wanted), 'object')} in {folder}{gone}.")
    return Exit.OK


@command("judge", "Judge a stack, or any Kubernetes YAML, by the policies.")
def judge(
    *,
    more: options.MorePaths = None,
    stack: options.JudgedStack = None,
    objects: options.Objects = None,
    environment: options.JudgedEnvironment = None,
    services: options.Intent = None,
    standard: options.Standard = "restricted",
    written: options.Format = "text",
    quiet: options.Quiet = False,
) -> Exit:
    """Judge a stack's objects and charts, or any Kubernetes YAML, by the policies. Needs no engine.

    \b
      ./plat judge -s prod                              what this stack would make
      ./plat judge --objects rendered more.yaml         files and folders, recursively
      helm template x | ./plat judge --objects - --environment staging --format github

    Takes YAML and JSON: several documents, lists of objects, List kinds, workloads of any kind, admission requests
    (their object). What cannot be read is reported and ends the run with 2; the rest is judged all the same. A
    mandatory finding ends it with 5. sarif is for code scanning, github for annotations. The rules: docs/policies.md
    """
    from operations import judging, unmade  # noqa: PLC0415
    from operations.judged import FORMATS, visible  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    paths = judging.paths(objects, more)
    asked = judging.Asked(stack=stack, paths=paths, environment=environment, services=services, standard=standard)
    with words.busy("judging"):
        judged = judging.judged(asked, words.say)
        text = FORMATS[written](judged)
    words.result(text)
    if judged.pending:
        words.say(unmade.line(judged.pending, Project.here(services).command("validate", "--verbose")))
    for problem in judged.problems:
        words.error(visible(str(problem)))
    return judging.verdict(judged)


@command("up", "Make a stack what its files say.")
def up(
    *,
    stack: options.Stack,
    services: options.Services = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Make a stack what its files say, and print what runs and where.

    On `dev` everything that is missing is provided first: the engine (found, fetched or built, once), a control
    plane on this machine, its state; all of it below .embedded. Running it again changes only what differs, and
    after an interruption of any kind the same command goes on. What would remove more than half of a stack's
    services, such as another catalogue, says so and asks first.
    """
    from operations import stacks  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    report = stacks.up(Project.here(services), stack, words, assume_yes=yes)
    words.result(json.dumps(report.record(), indent=1) if as_json else report.text(words))
    return Exit.OK


@command("down", "Remove a stack, and check that nothing remains.")
def down(
    *,
    stack: options.Stack,
    services: options.Services = None,
    keep_cluster: Annotated[
        bool, typer.Option("--keep-cluster", help="Leave the embedded control plane running, empty.")
    ] = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Remove everything a stack has made, and check that nothing of it remains, cluster-wide objects included.

    On `dev` the control plane is stopped afterwards. After an interruption the same command goes on; where there is
    nothing, nothing is done. --services is accepted because `up` has it; everything that exists is removed.
    """
    from operations import stacks  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    report = stacks.down(Project.here(services), stack, words, keep_cluster=keep_cluster, assume_yes=yes)
    words.result(json.dumps(report.record(), indent=1) if as_json else report.text())
    return Exit.OK


@command("doctor", "Check this machine: what is installed, what is missing.")
def doctor(*, services: options.Services = None, as_json: options.Json = False, quiet: options.Quiet = False) -> Exit:
    """Check this machine: Python, engine, Go, disk, control plane, stack files; and what to do about it.

    Ends with 0 where `plat up -s dev` can work, else with 1. Fetches and builds nothing.
    """
    from operations import doctor as examination  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    with words.busy("checking this machine"):
        checks = examination.examine(Project.here(services))
    words.result(json.dumps(examination.record(checks), indent=1) if as_json else examination.table(checks))
    return Exit.OK if examination.healthy(checks) else Exit.ERROR


def main() -> None:
    """The process."""
    # Reading allocates much and frees little, as registering does: a third less CPU at 800 services.
    gc.set_threshold(100_000, 50, 100)
    app(prog_name="plat")
