"""Crops: square, never stretched, clipped at the border."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from surveil.classify import EmptyCropError, crop_face
from surveil.domain import Box

FRAME = np.arange(60 * 80 * 3, dtype=np.uint32).astype(np.uint8).reshape(60, 80, 3)


def test_inside_the_frame_the_crop_is_a_square_centred_on_the_box() -> None:
    crop = crop_face(FRAME, Box(30, 20, 40, 40), margin=0.0)
    assert crop.shape == (20, 20, 3)
    np.testing.assert_array_equal(crop, FRAME[20:40, 25:45])


def test_margin_widens_by_its_share_of_the_longer_side_at_each_end() -> None:
    crop = crop_face(FRAME, Box(30, 20, 40, 40), margin=0.25)
    np.testing.assert_array_equal(crop, FRAME[15:45, 20:50])


def test_negative_margin_trims() -> None:
    assert crop_face(FRAME, Box(30, 20, 50, 40), margin=-0.25).shape == (10, 10, 3)


def test_border_clips_rather_than_pads() -> None:
    crop = crop_face(FRAME, Box(0, 0, 10, 20), margin=0.0)
    np.testing.assert_array_equal(crop, FRAME[0:20, 0:15])


def test_crop_owns_its_pixels() -> None:
    frame = FRAME.copy()
    crop = crop_face(frame, Box(30, 20, 40, 40), margin=0.0)
    frame[:] = 0
    np.testing.assert_array_equal(crop, FRAME[20:40, 25:45])


def test_box_outside_the_frame_is_an_error_that_names_it() -> None:
    with pytest.raises(EmptyCropError, match="80x60 frame"):
        crop_face(FRAME, Box(200, 200, 220, 220), margin=0.0)


@given(
    x=st.floats(0, 79), y=st.floats(0, 59), w=st.floats(0, 80), h=st.floats(0, 60),
    margin=st.floats(-0.2, 1.0),
)  # fmt: skip
@example(x=0.0, y=0.0, w=0.0, h=0.75, margin=0.25)
@example(x=79.0, y=59.0, w=1.0, h=1.0, margin=0.0)
@example(x=80.0, y=60.0, w=0.0, h=0.0, margin=0.0)
def test_any_box_that_touches_the_frame_gives_at_least_one_pixel(
    x: float, y: float, w: float, h: float, margin: float
) -> None:
    crop = crop_face(FRAME, Box(x, y, min(x + w, 80), min(y + h, 60)), margin=margin)
    assert min(crop.shape[:2]) >= 1
    side = round(max(max(min(w, 80 - x), min(h, 60 - y)) * (1 + 2 * margin), 1.0))
    assert max(crop.shape[:2]) <= side + 1
