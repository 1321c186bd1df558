"""Which paths are of which template: `/a/{id}` takes in `/a/all`, but whoever means the one does not mean the other.

Templates are the catalogue's: a parameter is one whole segment.
"""


def _pairs(one: str, other: str) -> list[tuple[bool, bool, bool]]:
    """Segment by segment: whether it is a parameter here, and there, and whether the two are the same word."""
    pairs = zip(one.split("/"), other.split("/"), strict=True)
    return [(mine.startswith("{"), theirs.startswith("{"), mine == theirs) for mine, theirs in pairs]


def meet(one: str, other: str) -> bool:
    """Whether a path can be of both templates."""
    return one.count("/") == other.count("/") and all(any(pair) for pair in _pairs(one, other))


def covers(one: str, other: str) -> bool:
    """Whether every path of `other` is of `one`; they meet."""
    return all(mine or (same and not theirs) for mine, theirs, same in _pairs(one, other))


def within(one: str, other: str) -> bool:
    """Whether some path of `one` would be taken for one of `other`, and `one` is not the more general of the two."""
    return meet(one, other) and (covers(other, one) or not covers(one, other))
