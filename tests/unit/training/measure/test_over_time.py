"""What is told over time against a truth that changes: small courses, counted by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from surveil.domain import EMOTIONS, Box, Detection
from surveil.intervals.builder import IntervalBuilder
from surveil.intervals.readings import FaceReading
from surveil.intervals.smoothing import ScoreSmoother
from surveil.training.measure.over_time import (
    Course,
    Spell,
    Told,
    count_flips,
    is_settled,
    label_at,
    measure,
    smooth,
    switch_latencies,
    vote,
)
from surveil.training.measure.switches import dirichlet_pool, make_course, make_truth

HAPPY, SAD, NEUTRAL = 3, 4, 6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ANYWHERE = Detection(Box(0.0, 0.0, 1.0, 1.0), 1.0, np.zeros((5, 2), np.float32))
MARKS = {"h": HAPPY, "s": SAD, "n": NEUTRAL}
TRUTH = (Spell(0.0, 3.0, NEUTRAL), Spell(3.0, 6.0, HAPPY))


def told(marks: str, step_s: float = 0.5) -> Told:
    """Return what each letter told, from second 0 on, one every ``step_s``."""
    return Told(
        np.arange(len(marks), dtype=np.float64) * step_s, np.array([MARKS[mark] for mark in marks])
    )


def course(marks: str, truth: tuple[Spell, ...] = TRUTH, fps: float = 2.0) -> Course:
    """Return a course whose scores are sure of each letter."""
    scores = np.full((len(marks), len(EMOTIONS)), 0.02, np.float32)
    scores[np.arange(len(marks)), [MARKS[mark] for mark in marks]] = 0.88
    return Course(np.arange(len(marks)) / fps, scores, truth)


@pytest.mark.parametrize(
    ("marks", "flips", "why"),
    [
        ("nnnnnnhhhhhh", 0, "the truth's own change"),
        ("nnnnnnnnhhhh", 0, "the same, late"),
        ("nnsnnnhhhhhh", 2, "to a wrong emotion and back"),
        ("nnnnnnhhnhhh", 2, "away and a second time to the right one"),
        ("nnnnnnsshhhh", 1, "to a wrong emotion on the way"),
        ("nnnnhhhhhhhh", 1, "before the truth"),
        ("ssnnnnhhhhhh", 1, "from a wrong beginning"),
        ("nnnnnnnnnnnn", 0, "never told"),
    ],
)
def test_flips_are_changes_that_the_truth_did_not_make(marks: str, flips: int, why: str) -> None:
    assert count_flips(told(marks), TRUTH) == flips, why


def test_what_is_told_outside_the_truth_is_not_judged() -> None:
    labels = np.array([SAD, HAPPY, NEUTRAL, HAPPY, HAPPY, SAD, HAPPY])
    assert count_flips(Told(np.array([-2.0, -1.0, 1.0, 3.5, 5.9, 6.0, 7.0]), labels), TRUTH) == 1


@pytest.mark.parametrize(
    ("marks", "latency_s"),
    [
        ("nnnnnnhhhhhh", 0.0),
        ("nnnnhhhhhhhh", 0.0),
        ("nnnnnnnhhhhh", 0.5),
        ("nnnnnnhnnhhh", 1.5),  # the first did not hold
        ("nnnnnnhhnhhh", 1.5),  # half a second is no hold
        ("nnnnnnnnnnhh", None),  # not held to the end of what is known
        ("nnnnnnnnnnnn", None),
    ],
)
def test_latency_is_to_the_first_emotion_that_holds(marks: str, latency_s: float | None) -> None:
    assert switch_latencies(told(marks), TRUTH) == [latency_s]


def test_switches_out_of_sight_are_not_judged() -> None:
    early = Told(np.arange(6, 12, dtype=np.float64) * 0.5, np.full(6, HAPPY))
    assert switch_latencies(early, TRUTH) == []  # nothing was told before the switch
    assert switch_latencies(told("nnnnnnhh"), TRUTH) == []  # nor for long enough after it


def test_truth_ends_are_half_open_and_settled_is_strict() -> None:
    assert label_at(TRUTH, 2.999) == NEUTRAL
    assert label_at(TRUTH, 3.0) == HAPPY
    assert label_at(TRUTH, 6.0) is None
    calm = [second for second in range(6) if is_settled(TRUTH, second + 0.5)]
    assert calm == [1, 4, 5]


def test_votes_are_those_of_the_interval_events() -> None:
    random = np.random.default_rng(3)
    scores = random.dirichlet(np.ones(7), 40).astype(np.float32)
    times_s = np.sort(random.uniform(0, 12, 40))
    seconds, labels, confidence = vote(times_s, scores, 0.1)
    builder = IntervalBuilder(
        "cam", "R", interval_s=1.0, model="m@1", start_at=EPOCH, grace_s=0.0, hysteresis=0.1
    )
    for i, (at_s, row) in enumerate(zip(times_s, scores, strict=True), start=1):
        face = FaceReading(1, ANYWHERE, tuple(row.tolist()), EMOTIONS[0])
        builder.add(i, EPOCH + timedelta(seconds=at_s), (1, 1), [face])
    told = [event for event in builder.end(EPOCH + timedelta(seconds=12)) if event.tracks]
    assert [(e.from_at - EPOCH).total_seconds() for e in told] == seconds.tolist()
    assert [EMOTIONS.index(e.tracks[0].emotion) for e in told] == labels.tolist()
    assert [e.tracks[0].confidence for e in told] == confidence.tolist()


def test_smoothing_is_productions() -> None:
    given = course("nnnnhhnnhhhhssss")
    smoothed, labels = smooth(given, 0.7, 0.1)
    smoother = ScoreSmoother(tau_s=0.7, hysteresis=0.1)
    for i, at_s in enumerate(given.times_s):
        expected = smoother.update(9, given.scores[i], float(at_s))
        np.testing.assert_array_equal(smoothed[i], expected)
        assert EMOTIONS[labels.labels[i]] is smoother.emotion(9)


def test_figures_of_a_short_course() -> None:
    # Right but for one frame at 1.5 s, and the switch told one frame late.
    figures = measure([course("nnnsnnnhhhhh")], tau_s=0.0, hysteresis=0.01)
    assert figures.frames.flips == 2
    assert figures.frames.latencies_s == (0.5,)
    assert figures.frames.minutes == pytest.approx(5.5 / 60)
    # Votes: n, a tie of n and s that stays n, n, a tie of n and h that stays n, h, h.
    assert (figures.seconds, figures.right) == (6, 5)
    assert (figures.settled, figures.settled_right) == (3, 3)
    assert figures.votes.flips == 0
    assert figures.votes.latencies_s == (2.0,)
    assert figures.unsure == 2


def test_given_seconds_are_settled_instead() -> None:
    plain = course("nnnnnnhhhhhh")
    given = Course(plain.times_s, plain.scores, plain.truth, frozenset({0, 3}))
    assert measure([given], tau_s=0.0, hysteresis=0.0).settled == 2


def test_nothing_gives_no_figures() -> None:
    figures = measure([], tau_s=0.5, hysteresis=0.1)
    assert (figures.seconds, figures.accuracy, figures.frames.flips_per_minute) == (0, 0.0, 0.0)
    assert math.isnan(figures.frames.latency_s(95))


def test_truth_follows_the_chain() -> None:
    truth = make_truth(np.random.default_rng(1), 200.0, (HAPPY, SAD, NEUTRAL))
    assert truth[0].from_s == 0
    assert truth[-1].to_s == 200
    for one, after in pairwise(truth):
        assert one.to_s == after.from_s
        assert one.label != after.label
        assert 2 <= one.to_s - one.from_s <= 8
    assert {spell.label for spell in truth} == {HAPPY, SAD, NEUTRAL}


@pytest.mark.parametrize(("redraw_s", "images"), [(0.0, 40), (math.inf, 1)])
def test_images_are_redrawn_as_asked(redraw_s: float, images: int) -> None:
    shown = np.zeros((500, 1, 7), np.float32)
    shown[:, 0, 0] = np.arange(500)
    made = make_course(
        np.random.default_rng(2),
        {HAPPY: shown, SAD: -shown - 1000},
        length_s=60,
        fps=10,
        redraw_s=redraw_s,
        dwell_s=(5, 5),
    )
    drawn = [
        len({float(row[0]) for row in made.scores[made.times_s // 5 == spell.from_s // 5]})
        for spell in made.truth
    ]
    assert min(drawn) >= images if redraw_s == 0 else set(drawn) == {images}
    is_sad = made.scores[:, 0] <= -1000
    assert [label_at(made.truth, at_s) == SAD for at_s in made.times_s] == is_sad.tolist()


def test_smoothing_trades_flips_for_latency() -> None:
    random = np.random.default_rng(7)
    pool = dirichlet_pool(random)
    assert all(np.allclose(rows.sum(axis=2), 1, atol=1e-5) for rows in pool.values())
    courses = [make_course(random, pool, length_s=40, fps=5, redraw_s=1.0) for _ in range(6)]
    plain, smoothed = (measure(courses, tau_s=tau_s, hysteresis=0.0) for tau_s in (0.0, 1.0))
    assert smoothed.frames.flips < plain.frames.flips / 3
    assert smoothed.accuracy < plain.accuracy
