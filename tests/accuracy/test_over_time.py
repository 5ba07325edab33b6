"""Smoothing as shipped against none, on made-up switches that need no data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from over_time_alerts import delays
from over_time_material import courses_of

from surveil.config.schema import Inference
from surveil.domain import EMOTIONS, Emotion
from surveil.training.measure.over_time import Course, Spell, measure
from surveil.training.measure.switches import dirichlet_pool, make_course

SERVED = Inference()
HAPPY, NEUTRAL = EMOTIONS.index(Emotion.HAPPY), EMOTIONS.index(Emotion.NEUTRAL)


def sure(labels: list[int]) -> np.ndarray:
    return np.eye(len(EMOTIONS), dtype=np.float32)[labels]


@pytest.mark.parametrize("fps", [5.0, 2.5])
def test_shipped_smoothing_is_worth_its_latency(fps: float) -> None:
    random = np.random.default_rng(3)
    pool = dirichlet_pool(random)
    courses = [
        make_course(random, pool, length_s=60, fps=fps, redraw_s=redraw_s)
        for redraw_s in (0.0, 1.0, math.inf)
        for _ in range(5)
    ]
    plain = measure(courses, tau_s=0.0, hysteresis=0.0)
    shipped = measure(courses, tau_s=SERVED.smoothing_tau_s, hysteresis=SERVED.hysteresis)
    assert shipped.frames.flips < plain.frames.flips / 3
    assert shipped.frames.missed_share < plain.frames.missed_share
    assert shipped.frames.latency_s(50) < 1
    assert shipped.settled_accuracy > plain.settled_accuracy - 0.01
    assert shipped.votes.flips_per_minute < plain.votes.flips_per_minute / 2
    # What a vote lags behind a switch is wrong for a second: the price of its calm.
    assert shipped.accuracy > plain.accuracy - 0.06


def test_alert_fires_once_the_spell_has_filled_its_intervals() -> None:
    times_s = np.arange(0, 20, 0.2)
    truth = (Spell(0, 5, NEUTRAL), Spell(5, 12, HAPPY), Spell(12, 20, NEUTRAL))
    labels = [HAPPY if 5 <= at_s < 12 else NEUTRAL for at_s in times_s]
    course = Course(times_s, sure(labels), truth)
    assert delays([course], tau_s=0.0, hysteresis=0.0) == [(7, pytest.approx(0.0))]
    # Smoothing leaves the fifth second mostly neutral, and the rule waits for one more.
    assert delays([course], tau_s=2.0, hysteresis=0.0) == [(7, pytest.approx(1.0))]


def test_tracks_become_courses_of_the_visit_they_lie_on() -> None:
    box = [100.0, 100.0, 200.0, 220.0]
    truth = {
        "people": [
            {
                "person": "a",
                "enter_s": 1.0,
                "leave_s": 9.0,
                "expressions": [[1.0, 5.0, "happy"], [5.0, 9.0, "neutral"]],
            }
        ],
        "seconds_truth": [
            {"t": t, "faces": [{"person": "a", "box": box, "settled": t in (3, 7)}]}
            for t in range(2, 8)
        ],
    }
    frames = [[t / 5, box, sure([HAPPY])[0].tolist()] for t in range(10, 40)]
    nobody = [[at_s, [900.0, 100.0, 960.0, 170.0], row] for at_s, _, row in frames]
    (course,) = courses_of(truth, {"1": frames, "2": nobody})
    assert course.truth == (Spell(1.0, 5.0, HAPPY), Spell(5.0, 9.0, NEUTRAL))
    assert course.settled == {3, 7}
    assert course.scores.shape == (30, 7)
