"""Baseline of the tracker on simulated faces: a worse tracker fails here.

The figures are recomputed on every run and are the same on every machine. Whoever makes the tracker
better writes the new figures down; whoever makes it worse has to say why.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from kit.boxes import iou
from kit.faces import FRAME_SIZE, Outcome, follow

from surveil.domain import Box, Detection
from surveil.track import TrackedFace, Tracker


class GreedyTracker:
    """The simplest tracker there is, to measure against: the best overlap with the last box."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[Box, float]] = {}
        self._next_id = 1

    def update(self, detections: Sequence[Detection], at_s: float) -> list[TrackedFace]:
        self._last = {i: (box, t) for i, (box, t) in self._last.items() if at_s - t <= 2}
        free = dict(self._last)
        faces = []
        for detection in detections:
            overlaps = {i: iou(box, detection.box) for i, (box, _) in free.items()}
            best = max(overlaps, key=lambda i: overlaps[i], default=None)
            if best is None or overlaps[best] < 0.2:
                best, self._next_id = self._next_id, self._next_id + 1
            free.pop(best, None)
            self._last[best] = (detection.box, at_s)
            faces.append(TrackedFace(best, detection, is_new=False))
        return faces


@pytest.fixture(scope="module")
def ours() -> Outcome:
    return follow(lambda: partial(Tracker().update, frame_size=FRAME_SIZE), scenes=40)


def test_baseline_at_five_frames_a_second(ours: Outcome) -> None:
    assert ours.visits == 320
    assert ours.one_track >= 293
    assert ours.switches <= 36
    assert ours.false_tracks <= 9
    assert ours.followed >= 0.96


def test_baseline_without_the_size_of_the_frame() -> None:
    outcome = follow(lambda: Tracker().update, scenes=40)
    assert outcome.one_track >= 273
    assert outcome.switches <= 48


def test_better_than_the_simplest_tracker(ours: Outcome) -> None:
    simplest = follow(lambda: GreedyTracker().update, scenes=40)
    assert ours.one_track > simplest.one_track
    assert ours.switches < simplest.switches / 2
    assert ours.false_tracks < simplest.false_tracks / 2
