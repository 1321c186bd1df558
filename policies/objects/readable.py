"""Tables over many objects: what cannot be read in one of them must not hide the others."""

from collections.abc import Callable
from typing import TypeVar

from policies.objects.values import MalformedError, UndeterminedError

T = TypeVar("T")


def readable(read: Callable[[], T], otherwise: T) -> T:
    """`read()`, or `otherwise` where something there is unknown or no such thing.

    For tables alone: the rules that are asked about that object say so as their own verdict.
    """
    try:
        return read()
    except (MalformedError, UndeterminedError):
        return otherwise
