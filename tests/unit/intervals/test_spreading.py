"""Frames laid evenly over intervals: none lost, none beyond, and no work for empty time."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from surveil.intervals.spreading import spread

S = 1_000_000


def test_frames_lie_evenly_and_those_of_a_border_before_it() -> None:
    assert list(spread(10, 0, 2 * S, S)) == [(0, 5), (S, 5)]
    assert list(spread(9, 0, 2 * S, S, is_seen_at_end=True)) == [(0, 5), (S, 4)]
    assert list(spread(2, S // 2, S // 2, S)) == [(S // 2, 2)]


@given(
    count=st.integers(0, 60),
    from_us=st.integers(0, 100 * S),
    span_us=st.integers(0, 100 * S),
    length_us=st.sampled_from([S // 5, S, 60 * S]),
    is_seen=st.booleans(),
)
def test_every_frame_is_laid_once_within_the_time(
    count: int, from_us: int, span_us: int, length_us: int, is_seen: bool
) -> None:
    laid = list(spread(count, from_us, from_us + span_us, length_us, is_seen_at_end=is_seen))
    assert sum(some for _, some in laid) == count
    keys = [at // length_us for at, _ in laid]
    assert keys == sorted(set(keys))
    assert all(some > 0 and from_us <= at <= from_us + span_us for at, some in laid)


def test_ten_years_cost_as_many_steps_as_there_are_frames() -> None:
    years_us = 10 * 365 * 86_400 * S
    laid = list(islice(spread(3, 0, years_us, S // 5), 10))
    assert [some for _, some in laid] == [1, 1, 1]
