"""What guards something in our own objects cannot be taken away unseen: nineteen of twenty mutants are noticed.

`tests/golden/mutants-that-live.txt` lists the others. A rule that grows takes lines out of it; a line that comes in is
a hole in the pack.
"""

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support.mutants import EQUIVALENT, REGIONS, mutants
from tests.support.mutation_run import Run

LIVING: Final = Path(__file__).parent / "golden" / "mutants-that-live.txt"


@cache
def run() -> Run:
    return Run("prod")


def living() -> set[str]:
    """The mutants we know of that nobody notices."""
    return set(LIVING.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("kind", sorted(REGIONS))
def test_every_mutant_is_noticed_but_those_we_know(kind: str) -> None:
    unseen = {mutant.title for mutant in run().mutants if mutant.kind == kind and not list(run().catches(mutant))}
    assert unseen == {title for title in living() if title.startswith(f"{kind} ")}


def test_nineteen_of_twenty_mutants_are_noticed() -> None:
    titles = {mutant.title for mutant in run().mutants}
    assert living() <= titles, "a mutant that lives in the list alone"
    assert len(living()) <= 0.05 * len(titles), f"{len(living())} of {len(titles)} live"


def test_every_region_has_a_mutant_and_every_equivalent_has_a_reason() -> None:
    kinds = {mutant.kind for mutant in run().mutants}
    # Their one field is excepted by its reason.
    assert set(REGIONS) - kinds <= {"Secret", "VirtualService"}
    assert all(EQUIVALENT.values())


def test_a_mutant_is_never_the_object_itself() -> None:
    assert all(mutant.object != run().written[mutant.index] for mutant in mutants(run().written))
