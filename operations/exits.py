"""The exit codes of `plat`. The taxonomy the Pulumi CLI publishes, so that one script can drive both.

Deliberately few: a code that no command can end with is not listed.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `plat`; `./plat --help` and README.md explain the same ones."""

    OK = 0
    """Done, or nothing to do."""
    ERROR = 1
    """This machine lacks something, or refuses it; the message says what."""
    USAGE = 2
    """The catalogue, a stack's settings or the command line is wrong; nothing was touched."""
    RESOURCE = 4
    """The cluster or a cloud refused a resource; what was made is recorded, the same command goes on."""
    POLICY = 5
    """A policy refused the result; nothing was touched."""
    STACK_NOT_FOUND = 6
    """The stack is described here and was never brought up in this backend."""
    CANCELLED = 8
    """Interrupted by the user; what was made is recorded."""
    INTERNAL = 255
    """Internal error: a fault of this program."""


class RefusedError(Exception):
    """A command cannot go on; the text (cause, consequence, cure) is meant to be printed as it is."""

    def __init__(self, text: str, code: Exit = Exit.ERROR) -> None:
        super().__init__(text)
        self.exit_code = code
