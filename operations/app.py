"""The command line itself: its name, its help, and how a command is added to it. The commands are in cli.py.

Exit codes are in exits.py; no input of a user ends in a traceback.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import typer

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
      ./plat explain order-service -e dev
                                 every value of one service, and the file and line it comes from

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
