"""How much text is read of one file and one run, and how a document is refused."""

from typing import Final

MAX_DEPTH: Final = 64
"""Levels of nesting, aliases followed. CustomResourceDefinitions, the deepest there are, have about forty."""
MAX_WEIGHT: Final = 500_000
"""Keys and values of one file, aliases counted as often as they are used: 9,000 objects as our platform makes them, or
140 CustomResourceDefinitions."""
MAX_RUN_WEIGHT: Final = 2_000_000
"""Of all files together."""
CHARACTERS: Final = 64
"""Text weighs one more for each so many characters, so that a long one cannot be repeated a million times either."""


class RefusedError(Exception):
    """A document cannot be taken: line in its text, cause and cure."""

    def __init__(self, line: int, cause: str, cure: str) -> None:
        super().__init__(cause)
        self.line, self.cause, self.cure = line, cause, cure


class Budget:
    """How much of one file may still be built."""

    def __init__(self, weight: int = MAX_WEIGHT, of: str = "a file") -> None:
        self.left = weight
        self._whole = f"{weight:,} keys and values of {of}"

    def spend(self, weight: int, line: int) -> None:
        """Takes `weight` away. Raises RefusedError where too little is left."""
        self.left -= weight
        if self.left < 0:
            cause = f"goes beyond the {self._whole}, aliases counted each time"
            raise RefusedError(line, cause, "Use fewer aliases, or judge it in parts")


def too_deep(line: int) -> RefusedError:
    """What nests beyond MAX_DEPTH."""
    return RefusedError(line, f"nests deeper than {MAX_DEPTH} levels", "Flatten it; no object of Kubernetes is so deep")


def short(text: str) -> str:
    """`text` as a message can hold it."""
    return text if len(text) <= 60 else f"{text[:57]}..."
