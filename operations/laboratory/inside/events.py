"""What a sandbox says to the command that started it: lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TextIO


class Events:
    """The way out."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def fact(self, text: str) -> None:
        """Something that happened, for a person."""
        self._say({"fact": text})

    def count(self, text: str) -> None:
        """How far it is, for a person."""
        self._say({"count": text})

    def result(self, found: Mapping[str, Any]) -> None:
        """What was observed; the last event."""
        self._say({"result": found})

    def failed(self, why: str) -> None:
        """The laboratory does not work; the last event."""
        self._say({"failed": why})

    def _say(self, event: Mapping[str, Any]) -> None:
        self._out.write(f"{json.dumps(event)}\n")
        self._out.flush()
