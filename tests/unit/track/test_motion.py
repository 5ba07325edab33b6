"""The filter of one face's motion, and the distances that assignment weighs."""

from __future__ import annotations

import numpy as np
import pytest
from kit.faces import FRAME_SIZE, face_at

from surveil.domain import Box
from surveil.track import TrackerOptions
from surveil.track.assignment import Pair, assign, distance_to_segment, newcomer_rate
from surveil.track.motion import Motion, centre_of, size_of

OPTIONS = TrackerOptions()


def walked(px_per_s: float, *, step_s: float = 0.2, steps: int = 10, size: float = 80) -> Motion:
    motion = Motion(face_at(0, 0, size).box, OPTIONS)
    for step in range(1, steps + 1):
        motion.predict(step_s)
        motion.correct(face_at(px_per_s * step * step_s, 0, size).box)
    return motion


@pytest.mark.parametrize("step_s", [0.04, 0.2, 0.5])
def test_velocity_is_learnt_in_px_per_second(step_s: float) -> None:
    motion = walked(120, step_s=step_s)
    assert motion.velocity == pytest.approx([120, 0], abs=3)
    motion.predict(0.5)
    assert motion.position == pytest.approx([120 * step_s * 10 + 60, 0], abs=3)


def test_predicting_in_one_step_or_in_many_is_the_same() -> None:
    once, often = walked(100), walked(100)
    once.predict(0.6)
    for _ in range(6):
        often.predict(0.1)
    assert once.position == pytest.approx(often.position)
    assert once.deviation == pytest.approx(often.deviation)
    assert once.size_deviation == pytest.approx(often.size_deviation)


def test_doubt_grows_with_time_and_falls_with_detections() -> None:
    motion = walked(50)
    sure = motion.deviation
    motion.predict(0.2)
    unsure = motion.deviation
    motion.predict(0.8)
    assert sure < unsure < motion.deviation
    motion.correct(face_at(50 * 3, 0, 80).box)
    assert motion.deviation < unsure


def test_doubt_is_measured_in_sizes_of_the_face() -> None:
    small, large = walked(50, size=50), walked(200, size=200)
    for motion in (small, large):
        motion.predict(0.4)
    assert small.deviation == pytest.approx(large.deviation)


def test_sudden_start_is_believed_at_once() -> None:
    motion = walked(0)
    motion.predict(0.2)
    motion.correct(face_at(100, 0, 80).box)
    assert motion.position == pytest.approx([100, 0], abs=2)
    assert motion.velocity == pytest.approx([500, 0], rel=0.05)


def test_size_follows_slowly() -> None:
    motion = walked(0, size=80)
    motion.predict(0.2)
    motion.correct(face_at(0, 0, 100).box)
    assert 80 < motion.size < 100


def test_centre_and_size_of_a_box() -> None:
    box = Box(10, 20, 40, 60)
    assert centre_of(box).tolist() == [25, 40]
    assert size_of(box) == 40


def test_distance_to_a_way() -> None:
    start, end = np.array([0.0, 0.0]), np.array([10.0, 0.0])
    assert distance_to_segment(np.array([5.0, 3.0]), start, end) == 3
    assert distance_to_segment(np.array([-3.0, 4.0]), start, end) == 5
    assert distance_to_segment(np.array([14.0, 3.0]), start, end) == 5
    assert distance_to_segment(np.array([3.0, 4.0]), start, start) == 5


def test_newcomers_are_expected_at_the_edge() -> None:
    edge, inside = face_at(50, 300, 80).box, face_at(600, 360, 80).box
    assert newcomer_rate(edge, FRAME_SIZE, OPTIONS) == OPTIONS.enter_rate
    assert newcomer_rate(inside, FRAME_SIZE, OPTIONS) == OPTIONS.appear_rate
    assert newcomer_rate(inside, None, OPTIONS) == OPTIONS.enter_rate


def test_all_are_assigned_for_the_best_together() -> None:
    """The first face is nearest to the second's detection, and still both get their own."""
    motions = [(walked(0), True), (walked(0), True)]
    motions[1][0].position = np.array([20.0, 0.0])
    boxes = [face_at(24, 0, 80).box, face_at(14, 0, 80).box]
    pairs = assign(motions, boxes, OPTIONS, FRAME_SIZE)
    assert pairs == [Pair(0, 1, is_sudden=False), Pair(1, 0, is_sudden=False)]


def test_a_face_that_sets_off_is_told_from_one_that_goes_on_or_stops() -> None:
    stands, walks = walked(0), walked(200)
    for motion in (stands, walks):
        motion.predict(0.2)
    ahead = stands.position[0] + 60
    (set_off,) = assign([(stands, True)], [face_at(ahead, 0, 80).box], OPTIONS, FRAME_SIZE)
    assert set_off.is_sudden
    for x in (walks.position[0], walks.last_seen_position[0]):
        (pair,) = assign([(walks, True)], [face_at(x, 0, 80).box], OPTIONS, FRAME_SIZE)
        assert not pair.is_sudden


def test_a_face_that_stands_is_predicted_better_with_time() -> None:
    young, old = walked(0, steps=4), walked(0, steps=20)
    for motion in (young, old):
        motion.predict(0.2)
    assert old.deviation < young.deviation
    old.predict(0.8)
    assert old.deviation > 0.3  # out of sight, it may do anything


def test_far_detections_are_nobodys() -> None:
    motion = walked(0)
    motion.predict(0.2)
    assert assign([(motion, True)], [face_at(260, 0, 80).box], OPTIONS, FRAME_SIZE) == []
    assert assign([(motion, True)], [], OPTIONS, FRAME_SIZE) == []
    assert assign([], [face_at(0, 0, 80).box], OPTIONS, FRAME_SIZE) == []
