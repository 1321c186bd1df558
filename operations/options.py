"""The options of the commands, as types: how each is spelt, and what `--help` says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Stack = Annotated[
    str, typer.Option("-s", "--stack", metavar="STACK", help="The stack: the middle of a Pulumi.STACK.yaml.")
]
Services = Annotated[
    Path | None,
    typer.Option("--services", metavar="DIR", help="Another catalogue than the project's services/ folder."),
]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout, for programs.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only results and errors; no progress.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Every place that asks for what is not made yet, and what to do.")
]
Yes = Annotated[
    bool, typer.Option("-y", "--yes", help="Do not ask: on an existing cluster, or where most services would go.")
]
Approve = Annotated[
    list[str] | None,
    typer.Option("--approve", metavar="URN", help="Let this store go from its service. May be given several times."),
]

# Of `plat judge`.
JudgedStack = Annotated[
    str | None, typer.Option("-s", "--stack", metavar="STACK", help="Judge what this stack would make.")
]
Objects = Annotated[
    list[Path] | None,
    typer.Option("--objects", metavar="PATH...", help="Judge these files and folders instead; - is stdin."),
]
MorePaths = Annotated[list[Path] | None, typer.Argument(metavar="PATH", hidden=True)]
JudgedEnvironment = Annotated[
    Literal["dev", "staging", "prod", "ephemeral"] | None,
    typer.Option("--environment", help="Whose levels and limits hold for --objects.  [default: prod, the strictest]"),
]
Standard = Annotated[
    Literal["baseline", "restricted"],
    typer.Option("--standard", help="Which Pod Security Standard applies to pods."),
]
Format = Annotated[
    Literal["text", "json", "sarif", "junit", "github"], typer.Option("--format", help="How the result is written.")
]
Intent = Annotated[
    Path | None,
    typer.Option("--services", metavar="DIR", help="The catalogue to compare the objects with; a stack has its own."),
]

# Of `plat explain`.
Service = Annotated[str, typer.Argument(metavar="SERVICE", help="Its name.")]
Fields = Annotated[
    list[str] | None, typer.Argument(metavar="FIELD", help="Only these, such as spec.containers.main.resources.")
]
Environment = Annotated[
    Literal["dev", "staging", "prod", "ephemeral"] | None,
    typer.Option("-e", "--environment", help="Where the values hold.  [default: prod]"),
]
ExplainedStack = Annotated[
    str | None, typer.Option("-s", "--stack", metavar="STACK", help="The environment of this stack instead.")
]
Every = Annotated[bool, typer.Option("--all", help="Also the defaults of the format, and every item of a list.")]
