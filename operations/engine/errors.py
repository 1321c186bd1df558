"""What is reported when the engine cannot be provided.

One class, so that the command line needs one `except`; the text is the whole interface: cause, consequence, cure.
"""

from __future__ import annotations

from operations.engine.wording import sentence


class EngineError(Exception):
    """Cause, consequence and cure in one readable message; meant to be printed as it is, never with a traceback."""

    exit_code = 1
    """The exit code of the process (operations/exits.py: error)."""

    def __init__(self, cause: str, *, consequence: str, cure: str) -> None:
        self.cause, self.consequence, self.cure = sentence(cause), sentence(consequence), sentence(cure)
        super().__init__(f"{self.cause} {self.consequence} {self.cure}")
