"""What reads each field of catalogue and settings, found by saying it otherwise: the evidence against silence.

Four things can notice a field: a decision (the blueprint differs), a policy (its report differs), a check (what fits by
itself is refused beside the rest), and the table of what is not made yet (what is reported differs or names the field).
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from blueprint.catalogue import Service
from blueprint.settings import Settings
from blueprint.unmade import pending, record
from blueprint.unmade.table import NOT_MADE, Key
from tests.support.leaves import Leaf, Said, leaves
from tests.support.readings import Bench, other_values, places, stacks, value_at

ENOUGH: Final = 3
"""Values that change nothing until a field counts as unread in one place."""


@dataclass(kw_only=True)
class Evidence:
    """What notices one field."""

    leaf: Leaf
    said: bool = False
    """Whether an example says it."""
    decided: bool = False
    judged: bool = False
    refused: bool = False
    reported: bool = False
    rows: tuple[Key, ...] = field(default_factory=tuple)
    """The rows of the table above it."""


def keys_above(leaf: Leaf) -> tuple[Key, ...]:
    """Every row that could speak of `leaf`: its own, those of the models it lies in, and their fields'."""
    return tuple(key for model, name in leaf.steps for key in ((model, name), (model, None)))


def gather(folder: Path) -> Mapping[str, Evidence]:
    """The evidence of every leaf, by place. `folder` is written in."""
    found = {
        leaf.place: Evidence(leaf=leaf, rows=tuple(key for key in keys_above(leaf) if key in NOT_MADE))
        for model in (Service, Settings)
        for leaf in leaves(model)
    }
    for name, stack in stacks().items():
        bench = Bench(folder / name, stack)
        reported = _reported(bench)
        for file, each in places(stack):
            evidence = found[each.leaf.place]
            evidence.said = True
            place = ".".join(map(str, each.path)).removeprefix("config.")
            evidence.reported |= any(f"{place}.".startswith(f"{one['field']}.") for one in reported)
            evidence.refused |= any(
                f"{place}.".startswith(f"{one.partition(':')[0]}.") for one in bench.before.problems
            )
            if not evidence.decided and not each.leaf.is_constant:
                _try(bench, file, each, evidence, reported)
    return found


def _reported(bench: Bench) -> list[Mapping[str, Any]]:
    settings, catalogue = bench.read()
    return [{**one, "line": None} for one in record(pending(settings, catalogue, "example"))]


def _try(bench: Bench, file: str | None, each: Said, evidence: Evidence, reported: list[Mapping[str, Any]]) -> None:
    """Says `each` otherwise until a decision differs, or nothing differs often enough."""
    tries = 0
    for value in other_values(each, value_at(bench.stack, file, each.path)):
        with bench.otherwise(file, each.path, value):
            after = bench.outcome()
            if after.decisions is None:
                evidence.refused |= bench.before.decisions is not None
                continue
            if bench.before.decisions is None:
                return
            if after.decisions != bench.before.decisions:
                evidence.decided = True
                return
            evidence.reported |= _reported(bench) != reported
            if not evidence.rows:
                evidence.judged = evidence.judged or bench.judgement() != bench.judged
            tries += 1
            if tries == ENOUGH:
                return


def silent(found: Mapping[str, Evidence], table: Mapping[Key, Any], checks: Container[str]) -> Iterator[str]:
    """Each field that passes without a word, and each row and check that is not true any more.

    `checks` are the places whose whole meaning is a check: they decide nothing and are refused where they do not fit.
    """
    for place, each in sorted(found.items()):
        rows = [key for key in keys_above(each.leaf) if key in table]
        if not each.said:
            yield f"{place}: no example says it"
        elif each.leaf.is_constant:
            continue
        elif rows:
            if any(name is not None for _, name in rows) and each.decided:
                yield f"{place}: a decision reads it, but the table says that it is not made yet. Drop its row"
            if not each.decided and not each.reported:
                yield f"{place}: has a row in the table, but nothing is reported of it"
        elif place in checks:
            if each.decided or not each.refused:
                yield f"{place}: is no mere check: decided {each.decided}, refused {each.refused}"
        elif not each.decided and not each.judged:
            yield f"{place}: nothing reads it. Read it in a decision, or give it a row in blueprint.unmade.table"
