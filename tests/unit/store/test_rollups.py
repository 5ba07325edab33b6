from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from kit.events import START_AT, CameraLife, after, make_vote

from surveil.domain import EMOTIONS, GRID, quantise
from surveil.store.rollups import floor_to, split_span, sum_coverage, sum_votes
from surveil.store.rows import interval_row, observation_rows
from surveil.store.tracks import with_means, with_sums

NAMES = [emotion.value for emotion in EMOTIONS]


@given(st.integers(1, 2**31), st.integers(0, 2**50), st.integers(0, 2**50))
def test_the_sum_behind_a_mean_is_found_again_exactly(count: int, one: int, other: int) -> None:
    sums = dict.fromkeys(NAMES, one * GRID) | {"sad": other * GRID}
    row = {"intervals": count} | sums
    assert with_sums(with_means(row)) | row == with_sums(with_means(row))


@given(st.lists(st.floats(0, 1), max_size=50), st.randoms(use_true_random=False))
def test_sums_of_quantised_scores_do_not_depend_on_order(
    scores: list[float], chance: Random
) -> None:
    quantised = [quantise(score) for score in scores]
    shuffled = chance.sample(quantised, k=len(quantised))
    assert sum(quantised) == sum(shuffled)
    assert all(abs(a - b) <= GRID / 2 for a, b in zip(scores, quantised, strict=True))


@given(st.integers(0, 10**9), st.integers(1, 3600 * 10**6), st.sampled_from([60, 3600]))
def test_a_span_is_split_without_loss(start_us: int, length_us: int, bucket_s: int) -> None:
    from_at = START_AT + timedelta(microseconds=start_us)
    parts = list(split_span(from_at, from_at + timedelta(microseconds=length_us), bucket_s))
    assert abs(sum(seconds for _, seconds in parts) - length_us / 1e6) < len(parts) * GRID
    assert all(floor_to(at, bucket_s) == at for at, _ in parts)
    assert parts[0][0] <= from_at


def test_hours_are_the_sums_of_their_minutes() -> None:
    life = CameraLife()
    for second in range(0, 200, 7):
        life.sees(second, second + 7, make_vote(1), make_vote(2, EMOTIONS[second % 7]))
    observations = [row for event in life.intervals for row in observation_rows(event)]
    intervals = [interval_row(event) for event in life.intervals]
    for add_up, names in (
        (sum_votes, ("votes", "score_sum", "confidence_sum")),
        (sum_coverage, ("intervals", "captured", "analysed", "faces", "analysed_s")),
    ):
        rows = observations if add_up is sum_votes else intervals
        minutes, hours = add_up(rows, 60), add_up(rows, 3600)
        assert len({row["bucket_at"] for row in minutes}) == 5
        assert {row["bucket_at"] for row in hours} == {after(-3590), after(10)}
        for name in names:
            assert sum(row[name] for row in minutes) == sum(row[name] for row in hours)
