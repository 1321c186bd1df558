"""How a policy is spelled: CEL that tests optional fields with `has()` first, because an error refuses the object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One rule of the pack as the API server evaluates it."""

    rule: str
    cel: str
    """True: admitted."""
    says: str
    """What is wrong, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """What a policy looks at, and its checks."""

    resources: Sequence[tuple[str, str, tuple[str, ...]]]
    """API group, version, resources."""
    variables: Mapping[str, str]
    """Name to CEL, in order: a later one may use an earlier."""
    checks: Sequence[Check]


def optional(of: str, *path: str, otherwise: str) -> str:
    """The value at `path` below `of`, or `otherwise` where any part of it is missing."""
    steps = [".".join((of, *path[: index + 1])) for index in range(len(path))]
    return f"({' && '.join(f'has({step})' for step in steps)} ? {steps[-1]} : {otherwise})"
