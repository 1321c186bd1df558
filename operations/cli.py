"""The commands: what they are called, their options and exit codes. Each calls a module of its own.

Heavy modules are imported inside the commands, so that `--help` stays quick and a command that needs no engine never
loads Pulumi.
"""

from __future__ import annotations

import atexit
import gc
import json
from pathlib import Path
from typing import Annotated

import typer

from operations import cli_proof, options
from operations.app import app, command
from operations.console import Console, many
from operations.exits import Exit

__all__ = ["app", "cli_proof", "main"]


@command("validate", "Check every file; print every mistake with its line and cure.")
def validate(
    *,
    services: options.Services = None,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Check the catalogue for every environment, and every stack file. Needs no engine.

    Prints every mistake as `file:line: field: cause. Cure.` on stderr and ends with 2, or one line and 0. Below it:
    defaults of a system that reach none of its services, and a line about what is declared and not made yet;
    --verbose tells where, and what to do meanwhile.
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
        words.result("\n".join([verdict.sentence(), *map(str, verdict.unreached)]))
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


@command("explain", "Print a service's values, and the file and line of each.")
def explain(
    *,
    service: options.Service,
    fields: options.Fields = None,
    environment: options.Environment = None,
    stack: options.ExplainedStack = None,
    services: options.Services = None,
    every: options.Every = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Print every value of one service in one environment, and where it comes from. Needs no engine.

    \b
      ./plat explain order-service                          what holds in production
      ./plat explain order-service -e dev spec.scaling      some of it, with the defaults of the format

    A value comes from the service's own file, from its patch for the environment (after the line), from what its system
    shares (_defaults.yaml), or from the format. What would hold without it is said beside it. Mistakes of the service's
    own file end the run with 2; those of other files are counted, and change nothing here.
    """
    from operations import explained, explaining  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    project = Project.here(services)
    with words.busy("reading the catalogue"):
        where = explaining.environment_of(project, environment, stack)
        found = explaining.explain(project, service, where, fields or ())
    if as_json:
        words.result(json.dumps(explained.record(found), indent=1))
    else:
        more = project.command("explain", service, "-e", where, "--all")
        words.result(explained.text(found, words, every=every, more=more))
    if found.mistakes:
        change = "changes" if found.mistakes == 1 else "change"
        found_by = project.command("validate")
        words.say(f"The catalogue has {many(found.mistakes, 'mistake')}, which {change} nothing here: {found_by}")
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
    approve: options.Approve = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Make a stack what its files say, and print what runs and where.

    On `dev` everything that is missing is provided first: the engine (found, fetched or built, once), a control
    plane on this machine, its state; all of it below .embedded. Running it again changes only what differs, and
    after an interruption of any kind the same command goes on. What would remove more than half of a stack's
    services, such as another catalogue, says so and asks first.

    A store that would leave its service, by a new name too, is refused until its URN is given with --approve; what
    would be lost and where its copies are is said. It stays in the cluster with its disks unless its file says
    `deletion: delete`. A smaller disk, an older version and an upgrade over two versions are refused.
    """
    from operations import stacks  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    report = stacks.up(Project.here(services), stack, words, assume_yes=yes, approved=approve or ())
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
    approve: options.Approve = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Remove everything a stack has made, and check that nothing of it remains, cluster-wide objects included.

    On `dev` the control plane is stopped afterwards. After an interruption the same command goes on; where there is
    nothing, nothing is done. --services is accepted because `up` has it; everything that exists is removed.

    In staging and production each store is refused until its URN is given with --approve, and it stays unless its file
    says `deletion: delete`.
    """
    from operations import stacks  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    report = stacks.down(
        Project.here(services), stack, words, keep_cluster=keep_cluster, assume_yes=yes, approved=approve or ()
    )
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
    # Reading allocates much and frees little, as registering does: two fifths less CPU at 800 services, and no more
    # memory. At the end nothing is looked for either: 50 ms less for any command that reads, 120 ms at 800 services.
    gc.set_threshold(500_000, 50, 100)
    atexit.register(gc.freeze)
    app(prog_name="plat")
