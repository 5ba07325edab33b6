from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from surveil.store.ledger import SeqRanges


@given(st.lists(st.integers(1, 30)))
def test_ranges_are_the_set_of_what_was_added(numbers: list[int]) -> None:
    ranges, seen = SeqRanges(), set[int]()
    for number in numbers:
        assert ranges.add(number) == (number not in seen)
        seen.add(number)
    held = {n for first, last in ranges.pairs() for n in range(first, last + 1)}
    assert held == seen
    edges = ranges.pairs()
    assert all(a[1] + 1 < b[0] for a, b in pairwise(edges))
    expected = next(n for n in range(1, 40) if n not in seen) - 1
    assert ranges.contiguous == expected


def test_stored_ranges_make_the_same_set() -> None:
    ranges = SeqRanges([(7, 9), (1, 4)])
    assert not ranges.add(8)
    assert ranges.add(5)
    assert ranges.add(6)
    assert ranges.pairs() == [(1, 9)]
