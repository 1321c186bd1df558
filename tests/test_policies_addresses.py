"""Sets of addresses: whatever is added and taken away, in whatever order, the set is the one that counting gives."""

from hypothesis import given
from hypothesis import strategies as st

from policies.network.addresses import Space, space, union

RUNS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda run: (run[0], run[0] + run[1])), max_size=9)
SPACES = RUNS.map(lambda runs: union(Space((run,)) for run in runs))


def numbers(one: Space) -> set[int]:
    return {number for first, last in one.runs for number in range(first, last + 1)}


@given(SPACES, SPACES)
def test_a_set_is_what_counting_its_addresses_gives(one: Space, other: Space) -> None:
    assert numbers(one - other) == numbers(one) - numbers(other)
    assert numbers(one & other) == numbers(one) & numbers(other)
    assert numbers(one | other) == numbers(one) | numbers(other)
    assert one.holds(other) == (numbers(one) >= numbers(other))


@given(SPACES, SPACES)
def test_runs_stay_sorted_and_do_not_overlap(one: Space, other: Space) -> None:
    for found in (one - other, one & other, one | other):
        ends = [number for run in found.runs for number in run]
        assert ends == sorted(ends)


def test_the_two_families_never_join() -> None:
    assert len(space(["0.0.0.0/0", "::/0"]).runs) == 2
