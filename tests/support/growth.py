"""How the judge's work grows with a list of its input: counted, not timed, so that a busy machine changes nothing.

Work is the number of lines of `policies` and `blueprint` that Python runs: a turn of a loop is one, whatever the loop
is written as. What C does at one go (sorting, a lookup in a list) is not seen.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from policies.adapters.manifests import from_manifest
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.rule import Rule
from policies.objects import Object

ROOT: Final = str(Path(__file__).parent.parent.parent)

Written = Sequence[Mapping[str, Any]]
Shape = Callable[[int], Written]
"""How long the list is → the objects that hold it."""


def work(facts: Facts, rules: Sequence[Rule], written: Written) -> int:
    """Lines run while `rules` judge `written`."""
    objects: list[Object] = [from_manifest(dict(each)) for each in written]
    judge = Judge(facts, rules)
    return _lines(lambda: judge.everything(objects))


def growth(measure: Callable[[int], int], size: int) -> float:
    """By how much more the second doubling of a list costs than the first: 2 where work is linear, 4 where it is
    quadratic, whatever else the input costs. `size` is the shortest of three lengths."""
    first, second, third = (measure(size * factor) for factor in (1, 2, 4))
    return (third - second) / max(second - first, size)


LINEAR: Final = 2.0
GENEROUS: Final = LINEAR**1.5
"""What `growth` may be: an exponent of 1.5, between the two."""


def _lines(run: Callable[[], object]) -> int:
    counted = 0

    def line(_: FrameType, event: str, __: object) -> Any:
        nonlocal counted
        if event == "line":
            counted += 1
        return line

    def call(frame: FrameType, _: str, __: object) -> Any:
        return line if frame.f_code.co_filename.startswith(ROOT) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        run()
    finally:
        sys.settrace(before)
    return counted
