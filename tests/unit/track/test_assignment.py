"""Pairs of tracks and detections are found without weighing those that are far apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.domain import Box
from surveil.track import assignment
from surveil.track.assignment import assign
from surveil.track.motion import Motion
from surveil.track.options import TrackerOptions

OPTIONS = TrackerOptions()


def scattered(random: np.random.Generator, count: int) -> list[Box]:
    corners = random.uniform(-50, 1300, (count, 2))
    sides = random.uniform(1, 200, (count, 2))
    return [Box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, sides, strict=True)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_no_pair_that_could_be_is_left_out(seed: int, tracks: int, detections: int) -> None:
    random = np.random.default_rng(seed)
    motions = [Motion(box, OPTIONS) for box in scattered(random, tracks)]
    for motion in motions:
        motion.velocity = random.normal(0, 300, 2)
        motion.predict(random.uniform(0, 2))
    boxes = scattered(random, detections)
    within = assignment._within_reach(motions, boxes, OPTIONS.reach)
    for motion, row in zip(motions, within, strict=True):
        for box, is_within in zip(boxes, row, strict=True):
            assert is_within or assignment._likelihood(motion, box, OPTIONS) is None


def test_a_crowd_of_five_hundred_is_weighed_by_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed = []
    likelihood = assignment._likelihood

    def counted(motion: Motion, box: Box, options: TrackerOptions) -> tuple[float, float] | None:
        weighed.append(box)
        return likelihood(motion, box, options)

    monkeypatch.setattr(assignment, "_likelihood", counted)
    crowd = [
        Box(50 * column, 35 * row, 50 * column + 25, 35 * row + 25)
        for row in range(20)
        for column in range(25)
    ]
    motions = [(Motion(box, OPTIONS), True) for box in crowd]
    moved = [Box(box.x1 + 3, box.y1 - 2, box.x2 + 3, box.y2 - 2) for box in crowd]
    pairs = assign(motions, moved, OPTIONS, (1280, 720))
    assert sorted((pair.track, pair.detection) for pair in pairs) == [(i, i) for i in range(500)]
    assert len(weighed) < 500 * 25
