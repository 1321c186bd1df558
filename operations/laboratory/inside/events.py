"""What a sandbox says to the command that started it: lines of JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from itertools import count
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

    def counting(self, total: int, what: str, every: int) -> Callable[[], None]:
        """What to call once for each of `total`: reports every so many, `500 of 11448 attempts`."""
        done = count(1)

        def counted() -> None:
            if (number := next(done)) % every == 0:
                self.count(f"{number} of {total} {what}")

        return counted

    def result(self, found: Mapping[str, Any]) -> None:
        """What was observed; the last event."""
        self._say({"result": found})

    def failed(self, why: str) -> None:
        """The laboratory does not work; the last event."""
        self._say({"failed": why})

    def _say(self, event: Mapping[str, Any]) -> None:
        self._out.write(f"{json.dumps(event)}\n")
        self._out.flush()


def since(began: float) -> str:
    """How long ago `began` (of `time.monotonic`) was, for a person: `8.7 s`."""
    return f"{time.monotonic() - began:.1f} s"
