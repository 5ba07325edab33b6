"""Fast detection: resampling by halves, the canvas, and the faces that come of it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kit.boxes import as_array, iou_matrix
from kit.faces import drawn_frame

from surveil.detect import DetectionMode, MtcnnDetector, MtcnnNetworks
from surveil.detect.area import AreaSampler
from surveil.detect.canvas import arrange, canvas_for
from surveil.detect.halving import HalvingSampler
from surveil.models import Precision

CROWD = ((150, 180, 120), (400, 160, 70), (560, 330, 90), (300, 60, 50))


@pytest.mark.parametrize("size", [(640, 360), (641, 363), (360, 640)])
def test_finds_the_faces_of_exact_detection(networks: MtcnnNetworks, size: tuple[int, int]) -> None:
    frame = drawn_frame(*size, *CROWD)
    (exact,) = MtcnnDetector(networks=networks).detect([frame])
    fast = MtcnnDetector(networks=networks, mode=DetectionMode.FAST)
    (found,) = fast.detect([frame])
    assert len(found) == len(exact) >= 2
    ious = iou_matrix(as_array(d.box for d in exact), as_array(d.box for d in found))
    assert ious.max(axis=1).min() > 0.8


@pytest.mark.parametrize("size", [(640, 360), (641, 363)])
def test_finds_them_in_8_bits_as_well(size: tuple[int, int]) -> None:
    frame = drawn_frame(*size, *CROWD)
    full, small = (
        MtcnnDetector(
            networks=MtcnnNetworks.load(threads=1, precision=precision), mode=DetectionMode.FAST
        ).detect([frame])[0]
        for precision in Precision
    )
    assert len(small) == len(full) >= 2
    ious = iou_matrix(as_array(d.box for d in full), as_array(d.box for d in small))
    assert ious.max(axis=1).min() > 0.8
    assert [d.score for d in small] != [d.score for d in full]


def test_frames_of_any_sizes(networks: MtcnnNetworks) -> None:
    fast = MtcnnDetector(networks=networks, mode=DetectionMode.FAST)
    frames = [
        np.zeros((1, 1, 3), np.uint8),
        drawn_frame(320, 240, (160, 120, 100)),
        np.zeros((40, 1000, 3), np.uint8),
        drawn_frame(641, 363, (160, 120, 100)),
    ]
    found = fast.detect(frames)
    assert [len(faces) for faces in found] == [0, 1, 0, 1]
    assert fast.detect([]) == []


def test_a_frame_in_8k_beside_one_of_a_pixel() -> None:
    fast = MtcnnDetector(
        networks=MtcnnNetworks.load(threads=1, precision=Precision.INT8), mode=DetectionMode.FAST
    )
    near = drawn_frame(640, 360, *CROWD)
    vast = np.zeros((4320, 7680, 3), np.uint8)
    vast[-360:, -640:] = near
    speck, alone, found = fast.detect([np.zeros((1, 1, 3), np.uint8), near, vast])
    assert speck == []
    assert len(alone) == len(found) >= 2
    moved = as_array(d.box for d in found) - np.array([7040, 3960] * 2, np.float32)
    assert iou_matrix(as_array(d.box for d in alone), moved).max(axis=1).min() > 0.7


@given(st.integers(12, 2200), st.integers(12, 2200), st.integers(12, 300))
@example(147, 147, 147)
def test_levels_share_no_pixel_of_a_canvas(height: int, width: int, min_face_px: int) -> None:
    canvas = canvas_for(height, width, min_face_px)
    if canvas is None:
        assert min(height, width) <= min_face_px  # equal: lost by rounding, as in facenet-pytorch
        return
    places = [
        (top, left, top + high, left + wide)
        for (top, left), (high, wide) in zip(canvas.corners, canvas.sizes, strict=True)
    ]
    assert all(bottom <= canvas.size[0] and right <= canvas.size[1] for *_, bottom, right in places)
    for one, other in itertools.combinations(places, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart
    assert (canvas.corners % 2 == 0).all()


def test_the_canvas_of_a_camera_wastes_little() -> None:
    canvas = canvas_for(720, 1280, 40)
    assert canvas is not None
    used = sum(high * wide for high, wide in canvas.sizes)
    assert used > 0.88 * canvas.size[0] * canvas.size[1]


def test_the_canvas_has_a_cell_for_each_of_the_proposals(networks: MtcnnNetworks) -> None:
    canvas = canvas_for(363, 641, 30)
    assert canvas is not None
    (_, scores) = networks.proposal(np.zeros((1, *canvas.size, 3), np.float32))
    assert scores.shape[1:] == canvas.level_of.shape


def test_arranges_one_picture_as_it_is() -> None:
    assert arrange(((15, 21),)) == ([(0, 0)], (16, 22))


def test_smooth_pictures_are_resampled_as_by_areas() -> None:
    across, down = np.meshgrid(np.arange(301), np.arange(203))
    frame = np.stack([across * 0.8, down, (across + down) / 2], axis=2).astype(np.uint8)
    rectangles = np.array([[0, 0, 301, 203], [10, 20, 40, 50], [150, 90, 170, 120], [7, 9, 8, 10]])
    for side in (24, 48):
        halves = HalvingSampler(frame).crops(rectangles, side)
        np.testing.assert_allclose(halves, AreaSampler(frame).crops(rectangles, side), atol=4)
    np.testing.assert_allclose(
        HalvingSampler(frame).resize(51, 75), AreaSampler(frame).resize(51, 75), atol=4
    )


def test_many_crops_are_no_others_than_few() -> None:
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 255, (90, 120, 3), dtype=np.uint8)
    low = rng.integers(0, 60, (1500, 2))
    rectangles = np.concatenate([low, low + rng.integers(1, 30, (1500, 2))], axis=1)
    sampler = HalvingSampler(frame)
    every = sampler.crops(rectangles, 24)
    np.testing.assert_array_equal(every[1490:], sampler.crops(rectangles[1490:], 24))
