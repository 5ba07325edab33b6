"""Geometry of boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from surveil import boxes
from surveil.domain import Box


def rows(*values: tuple[float, float, float, float]) -> boxes.Boxes:
    return np.array(values, dtype=np.float32).reshape(-1, 4)


corners = st.floats(-500, 500, width=32)
some_boxes = hnp.arrays(np.float32, st.tuples(st.integers(0, 6), st.just(4)), elements=corners)


def ordered(values: boxes.Boxes) -> boxes.Boxes:
    low = np.minimum(values[:, :2], values[:, 2:])
    return np.concatenate([low, np.maximum(values[:, :2], values[:, 2:])], axis=1)


def test_iou_of_known_boxes() -> None:
    a = rows((0, 0, 10, 10))
    b = rows((0, 0, 10, 10), (5, 0, 15, 10), (10, 0, 20, 10), (2, 2, 4, 4), (50, 50, 60, 60))
    expected = [[1, 1 / 3, 0, 0.04, 0]]
    np.testing.assert_allclose(boxes.iou_matrix(a, b), expected, rtol=1e-6)


def test_iou_of_boxes_without_area_is_nought() -> None:
    point = rows((3, 3, 3, 3))
    assert boxes.iou_matrix(point, point).tolist() == [[0]]
    assert boxes.iou(Box(0, 0, 0, 0), Box(0, 0, 4, 4)) == 0


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 3), (3, 0)])
def test_iou_of_none_has_the_right_shape(n: int, m: int) -> None:
    assert boxes.iou_matrix(np.zeros((n, 4), np.float32), np.zeros((m, 4), np.float32)).shape == (
        n,
        m,
    )


@given(some_boxes, some_boxes)
def test_iou_is_symmetric_and_between_nought_and_one(a: boxes.Boxes, b: boxes.Boxes) -> None:
    a, b = ordered(a), ordered(b)
    forth = boxes.iou_matrix(a, b)
    assert ((forth >= 0) & (forth <= 1 + 1e-5)).all()
    np.testing.assert_array_equal(forth, boxes.iou_matrix(b, a).T)


@given(some_boxes, st.integers(1, 400), st.integers(1, 400))
def test_clipped_boxes_lie_in_the_frame(values: boxes.Boxes, width: int, height: int) -> None:
    before = values.copy()
    inside = boxes.clip(values, width=width, height=height)
    assert (inside >= 0).all()
    assert (inside[:, [0, 2]] <= width).all()
    assert (inside[:, [1, 3]] <= height).all()
    np.testing.assert_array_equal(inside, boxes.clip(inside, width=width, height=height))
    np.testing.assert_array_equal(values, before)


def test_box_outside_the_frame_clips_to_nothing() -> None:
    outside = boxes.clip(rows((-20, -20, -5, -5), (110, 10, 130, 30)), width=100, height=50)
    assert boxes.areas(outside).tolist() == [0, 0]
    assert boxes.clip_box(Box(110, 10, 130, 30), width=100, height=50) == Box(100, 10, 100, 30)


@given(some_boxes)
def test_squares_keep_centre_and_longer_side(values: boxes.Boxes) -> None:
    values = ordered(values)
    squares = boxes.square(values)
    sides = values[:, 2:] - values[:, :2]
    np.testing.assert_allclose(
        squares[:, 2:] - squares[:, :2],
        np.tile(sides.max(axis=1, initial=0)[:, None], 2),
        atol=1e-3,
    )
    np.testing.assert_allclose(boxes.centres(squares), boxes.centres(values), atol=1e-3)


def test_square_box_agrees_with_squares() -> None:
    box = Box(10, 20, 40, 100)
    assert boxes.square_box(box) == Box(-15, 20, 65, 100)
    assert boxes.as_box(boxes.square(boxes.as_array([box]))[0]) == Box(-15, 20, 65, 100)


def test_area_of_a_box_turned_inside_out_is_nought() -> None:
    assert boxes.areas(rows((5, 5, 1, 1), (0, 0, 2, 3))).tolist() == [0, 6]


def test_widen_grows_by_the_longer_side() -> None:
    assert boxes.widen(Box(10, 10, 20, 30), 0.5) == Box(0, 0, 30, 40)
    assert boxes.widen(Box(10, 10, 20, 30), 0) == Box(10, 10, 20, 30)


def test_fractions_are_clipped_and_invertible() -> None:
    assert boxes.to_fractions(Box(-10, 0, 50, 200), width=100, height=100) == Box(0, 0, 0.5, 1)
    box = Box(12, 34, 56, 78)
    back = boxes.to_pixels(boxes.to_fractions(box, width=128, height=96), width=128, height=96)
    assert back.xyxy == pytest.approx(box.xyxy)


def test_frame_without_area_has_no_fractions() -> None:
    with pytest.raises(ValueError, match="0 x 10"):
        boxes.to_fractions(Box(0, 0, 1, 1), width=0, height=10)


def test_arrays_and_boxes_convert() -> None:
    some = [Box(1, 2, 3, 4), Box(5, 6, 7, 9)]
    array = boxes.as_array(some)
    assert array.dtype == np.float32
    assert [boxes.as_box(row) for row in array] == some
    assert boxes.as_array([]).shape == (0, 4)
    assert boxes.shorter_side(some[1]) == 2
