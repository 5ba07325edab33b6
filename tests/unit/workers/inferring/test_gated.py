"""Detection behind a gate, with a detector that finds white squares."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from kit.squares import SquareDetector, boxes, frame_of, picture
from numpy.typing import NDArray

from surveil.classify import crop_face
from surveil.detect import MtcnnDetector
from surveil.domain import Box
from surveil.gate import Decision, Gate
from surveil.sources.planar import Colour, PlanarFrame
from surveil.workers.inferring.gated import GatedDetector, box_around


def test_a_face_that_comes_is_found_in_its_part_and_told_in_the_frames_pixels() -> None:
    detector = SquareDetector()
    gated = GatedDetector(detector, 0.7)
    gated.detect(frame_of(picture((100, 100, 80)), 0.0))
    faces, kind = gated.detect(frame_of(picture((100, 100, 80), (900, 500, 90)), 0.2))
    assert kind == "part"
    assert boxes(faces) == [(900, 500, 990, 590), (100, 100, 180, 180)]
    assert faces[0].landmarks[0].tolist() == [900, 500]
    assert detector.pixels[1] < detector.pixels[0] / 2
    assert detector.rechecked == 1


def test_a_still_face_is_only_looked_at_again_and_an_empty_scene_not_at_all() -> None:
    detector = SquareDetector()
    gated = GatedDetector(detector, 0.7)
    gated.detect(frame_of(picture((100, 100, 80)), 0.0))
    faces, kind = gated.detect(frame_of(picture((100, 100, 80)), 0.2))
    assert (boxes(faces), kind, len(detector.pixels)) == ([(100, 100, 180, 180)], "recheck", 1)
    empty = GatedDetector(detector, 0.7)
    empty.detect(frame_of(picture(), 0.0))
    assert empty.detect(frame_of(picture(), 0.2)) == ([], "skip")


@pytest.mark.parametrize("now", [(), ((115, 100, 80),)])
def test_a_face_that_left_its_place_has_the_whole_frame_looked_at(
    now: tuple[tuple[int, int, int], ...],
) -> None:
    class Still(Gate):
        def decide(self, *args: Any, **kwargs: Any) -> Decision:
            return Decision(is_whole=at_s == 0, still=(0,) if at_s else ())

    gated = GatedDetector(SquareDetector(), 0.7, Still())
    for at_s, squares in ((0.0, ((100, 100, 80),)), (0.2, now)):
        faces, kind = gated.detect(frame_of(picture(*squares), at_s))
    assert kind == "whole"
    assert boxes(faces) == [(x, y, x + side, y + side) for x, y, side in now]


def test_what_a_failure_left_unseen_is_looked_at_next() -> None:
    detector = SquareDetector()
    gated = GatedDetector(detector, 0.7)
    gated.detect(frame_of(picture(), 0.0))
    detector.fails = True
    with pytest.raises(RuntimeError):
        gated.detect(frame_of(picture((900, 500, 90)), 0.2))
    detector.fails = False
    faces, kind = gated.detect(frame_of(picture((900, 500, 90)), 0.4))
    assert (boxes(faces), kind) == ([(900, 500, 990, 590)], "whole")


def test_walkers_are_found_in_each_frame_where_looking_whole_finds_them() -> None:
    detector = SquareDetector()
    gated = GatedDetector(detector, 0.7)
    for step in range(38):
        faces, _ = gated.detect(
            frame_of(picture((20 + 28 * step, 300, 60), (1100, 80, 70)), 0.2 * step)
        )
        assert [box[0] for box in sorted(boxes(faces))] == [20 + 28 * step, 1100]


def test_no_face_is_told_in_part_where_a_region_ends() -> None:
    class Halves(Gate):
        def decide(self, *args: Any, **kwargs: Any) -> Decision:
            return Decision(is_whole=False, regions=((0, 0, 640, 720),))

    faces, kind = GatedDetector(SquareDetector(), 0.7, Halves()).detect(
        frame_of(picture((600, 300, 80)), 0)
    )
    assert (boxes(faces), kind) == ([(600, 300, 680, 380)], "whole")


def test_a_look_at_known_faces_needs_only_what_is_around_them() -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (240, 320, 3), np.uint8)
    corners = [
        (10, 20, 90, 140),
        (-5, -5, 40.5, 60.2),
        (250.7, 100.1, 333, 260),
        (319.5, 9, 320, 90),
    ]
    faces = [Box(*corner) for corner in corners]
    shown = np.zeros_like(image)
    for face in faces:
        around = box_around(face)
        left, top = max(math.floor(around.x1), 0), max(math.floor(around.y1), 0)
        part = np.s_[top : math.ceil(around.y2), left : math.ceil(around.x2)]
        shown[part] = image[part]
    detector = MtcnnDetector(threads=1)
    for one, other in zip(
        detector.recheck(image, faces), detector.recheck(shown, faces), strict=True
    ):
        assert (one.box, one.score) == (other.box, other.score)
    for face in faces:
        assert np.array_equal(crop_face(image, face), crop_face(shown, face))


def test_only_what_is_looked_at_becomes_rgb() -> None:
    class Planar(PlanarFrame):
        __slots__ = ()

        @property
        def image(self) -> NDArray[np.uint8]:
            raise AssertionError("all of it was converted")

    def planes(*squares: tuple[int, int, int]) -> tuple[Any, ...]:
        grey = picture(*squares)[..., 0].astype(np.float32) * (219 / 255) + 16
        chroma = np.full((360, 640), 128, np.uint8)
        return (grey.astype(np.uint8), chroma, chroma), Colour.BT601

    def planar(kind: type[PlanarFrame], at_s: float, *squares: tuple[int, int, int]) -> PlanarFrame:
        return kind("lobby", "run", 1, datetime.now(UTC), at_s, *planes(*squares))

    gated = GatedDetector(SquareDetector(), 0.7)
    stands = (100, 100, 80)
    gated.detect(planar(PlanarFrame, 0.0, stands))
    kinds = []
    for at_s, squares in ((0.2, [stands]), (0.4, [stands, (900, 500, 90)])):
        faces, kind = gated.detect(planar(Planar, at_s, *squares))
        assert sorted(boxes(faces)) == [(x, y, x + side, y + side) for x, y, side in squares]
        kinds.append(kind)
    assert kinds == ["recheck", "part"]
