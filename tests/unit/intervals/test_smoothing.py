"""Smoothing over time: the frame rate must not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from surveil.domain import Emotion
from surveil.intervals import smoothing
from surveil.intervals.smoothing import ScoreSmoother

HAPPY, SAD, NEUTRAL = 3, 4, 6


def scores(**shares: float) -> NDArray[np.float32]:
    names = [emotion.value for emotion in Emotion]
    vector = np.zeros(7, np.float32)
    for name, share in shares.items():
        vector[names.index(name)] = share
    return vector


def smoother_of(tau_s: float = 0.3, hysteresis: float = 0.2) -> ScoreSmoother:
    return ScoreSmoother(tau_s=tau_s, hysteresis=hysteresis)


def test_first_scores_come_back() -> None:
    given_scores = scores(happy=0.7, sad=0.3)
    np.testing.assert_array_equal(smoother_of().update(1, given_scores, 5.0), given_scores)


@given(
    times=st.lists(st.floats(0.001, 3.0), min_size=1, max_size=12),
    tau_s=st.floats(0.05, 5.0),
)
def test_held_scores_follow_the_continuous_filter_at_any_frame_rate(
    times: list[float], tau_s: float
) -> None:
    smoother = smoother_of(tau_s=tau_s)
    smoother.update(1, scores(sad=1.0), 0.0)
    at_s = 0.0
    for step in times:
        at_s += step
        smoothed = smoother.update(1, scores(happy=1.0), at_s)
    assert smoothed[HAPPY] == pytest.approx(1 - math.exp(-at_s / tau_s), abs=1e-5)
    assert smoothed.sum() == pytest.approx(1.0, abs=1e-5)


@given(seed=st.integers(0, 1000), pieces=st.integers(2, 6))
def test_splitting_a_hold_changes_nothing(seed: int, pieces: int) -> None:
    random = np.random.default_rng(seed)
    steps = random.dirichlet(np.ones(7), size=5).astype(np.float32)
    coarse, fine = smoother_of(tau_s=0.7), smoother_of(tau_s=0.7)
    last_s = 0.0
    for index, step in enumerate(steps):
        at_s = last_s + float(random.uniform(0.05, 1.0))
        if index == 0:
            a, b = coarse.update(1, step, at_s), fine.update(1, step, at_s)
        else:
            a = coarse.update(1, step, at_s)
            for part in range(1, pieces + 1):
                b = fine.update(1, step, last_s + (at_s - last_s) * part / pieces)
        last_s = at_s
    np.testing.assert_allclose(a, b, atol=1e-5)


def test_long_gap_forgets_the_past() -> None:
    smoother = smoother_of(tau_s=0.5)
    smoother.update(1, scores(sad=1.0), 0.0)
    np.testing.assert_allclose(smoother.update(1, scores(happy=1.0), 60.0), scores(happy=1.0))


def test_zero_tau_smooths_nothing() -> None:
    smoother = smoother_of(tau_s=0.0)
    smoother.update(1, scores(sad=1.0), 0.0)
    np.testing.assert_array_equal(smoother.update(1, scores(happy=1.0), 0.04), scores(happy=1.0))


def test_frame_that_is_not_later_changes_nothing() -> None:
    smoother = smoother_of(tau_s=0.5)
    smoother.update(1, scores(sad=1.0), 10.0)
    np.testing.assert_array_equal(smoother.update(1, scores(happy=1.0), 9.0), scores(sad=1.0))


def test_hysteresis_keeps_the_emotion_between_two_close_ones() -> None:
    smoother = smoother_of(tau_s=0.0, hysteresis=0.1)
    smoother.update(1, scores(happy=0.52, neutral=0.48), 0.0)
    smoother.update(1, scores(happy=0.48, neutral=0.52), 0.2)
    assert smoother.emotion(1) is Emotion.HAPPY
    smoother.update(1, scores(happy=0.3, neutral=0.7), 0.4)
    assert smoother.emotion(1) is Emotion.NEUTRAL


def test_tracks_are_apart() -> None:
    smoother = smoother_of()
    smoother.update(1, scores(happy=1.0), 0.0)
    smoother.update(2, scores(sad=1.0), 0.0)
    assert (smoother.emotion(1), smoother.emotion(2)) == (Emotion.HAPPY, Emotion.SAD)


def test_memory_is_bounded_by_forgetting_the_longest_unseen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smoothing, "MAX_TRACKS", 2)
    smoother = smoother_of()
    smoother.update(1, scores(happy=1.0), 0.0)
    smoother.update(2, scores(happy=1.0), 0.1)
    smoother.update(1, scores(happy=1.0), 0.2)
    smoother.update(3, scores(happy=1.0), 0.3)
    with pytest.raises(KeyError):
        smoother.emotion(2)
    assert smoother.emotion(1) is Emotion.HAPPY


def test_returned_scores_belong_to_the_caller() -> None:
    smoother = smoother_of()
    smoother.update(1, scores(happy=1.0), 0.0)[:] = 0
    assert smoother.update(1, scores(happy=1.0), 0.1)[HAPPY] == pytest.approx(1.0)
