"""Detection behind a gate, with a detector that finds white squares."""

from __future__ import annotations

from typing import Any

import pytest
from kit.squares import SquareDetector, boxes, picture

from surveil.gate import Decision, Gate
from surveil.workers.inferring.gated import GatedDetector


def test_a_face_that_comes_is_found_in_its_part_and_told_in_the_frames_pixels() -> None:
    detector = SquareDetector()
    gated = GatedDetector(detector, 0.7)
    gated.detect(picture((100, 100, 80)), 0.0)
    faces, kind = gated.detect(picture((100, 100, 80), (900, 500, 90)), 0.2)
    assert kind == "part"
    assert boxes(faces) == [(900, 500, 990, 590), (100, 100, 180, 180)]
    assert faces[0].landmarks[0].tolist() == [900, 500]
    assert detector.pixels[1] < detector.pixels[0] / 2
    assert detector.rechecked == 1


def test_a_still_face_is_only_looked_at_again_and_an_empty_scene_not_at_all() -> None:
    detector = SquareDetector()
    gated = GatedDetector(detector, 0.7)
    gated.detect(picture((100, 100, 80)), 0.0)
    faces, kind = gated.detect(picture((100, 100, 80)), 0.2)
    assert (boxes(faces), kind, len(detector.pixels)) == ([(100, 100, 180, 180)], "recheck", 1)
    empty = GatedDetector(detector, 0.7)
    empty.detect(picture(), 0.0)
    assert empty.detect(picture(), 0.2) == ([], "skip")


@pytest.mark.parametrize("now", [(), ((115, 100, 80),)])
def test_a_face_that_left_its_place_has_the_whole_frame_looked_at(
    now: tuple[tuple[int, int, int], ...],
) -> None:
    class Still(Gate):
        def decide(self, *args: Any, **kwargs: Any) -> Decision:
            return Decision(is_whole=at_s == 0, still=(0,) if at_s else ())

    gated = GatedDetector(SquareDetector(), 0.7, Still())
    for at_s, squares in ((0.0, ((100, 100, 80),)), (0.2, now)):
        faces, kind = gated.detect(picture(*squares), at_s)
    assert kind == "whole"
    assert boxes(faces) == [(x, y, x + side, y + side) for x, y, side in now]


def test_what_a_failure_left_unseen_is_looked_at_next() -> None:
    detector = SquareDetector()
    gated = GatedDetector(detector, 0.7)
    gated.detect(picture(), 0.0)
    detector.fails = True
    with pytest.raises(RuntimeError):
        gated.detect(picture((900, 500, 90)), 0.2)
    detector.fails = False
    faces, kind = gated.detect(picture((900, 500, 90)), 0.4)
    assert (boxes(faces), kind) == ([(900, 500, 990, 590)], "whole")


def test_walkers_are_found_in_each_frame_where_looking_whole_finds_them() -> None:
    detector = SquareDetector()
    gated = GatedDetector(detector, 0.7)
    for step in range(38):
        faces, _ = gated.detect(picture((20 + 28 * step, 300, 60), (1100, 80, 70)), 0.2 * step)
        assert [box[0] for box in sorted(boxes(faces))] == [20 + 28 * step, 1100]


def test_no_face_is_told_in_part_where_a_region_ends() -> None:
    class Halves(Gate):
        def decide(self, *args: Any, **kwargs: Any) -> Decision:
            return Decision(is_whole=False, regions=((0, 0, 640, 720),))

    faces, kind = GatedDetector(SquareDetector(), 0.7, Halves()).detect(picture((600, 300, 80)), 0)
    assert (boxes(faces), kind) == ([(600, 300, 680, 380)], "whole")
