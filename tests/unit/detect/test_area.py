"""Area resampling is what the reference does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from surveil.detect.area import AreaSampler, pooling_windows


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


def resampled(picture: NDArray[np.uint8], *size: int) -> NDArray[np.float32]:
    tensor = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()
    result: NDArray[np.float32] = interpolate(tensor, size=size, mode="area")[0].numpy()
    return result.transpose(1, 2, 0)


@pytest.mark.parametrize("size", [(1, 1), (12, 13), (30, 47), (31, 48), (60, 70)])
def test_frame_is_resized_as_by_the_reference(size: tuple[int, int]) -> None:
    picture = noise(31, 48)
    np.testing.assert_allclose(
        AreaSampler(picture).resize(*size), resampled(picture, *size), rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("side", [24, 48])
def test_crops_are_resized_as_by_the_reference(side: int) -> None:
    picture = noise(90, 120)
    rectangles = np.array([[0, 0, 120, 90], [5, 7, 6, 8], [100, 3, 120, 90], [11, 12, 40, 41]])
    crops = AreaSampler(picture).crops(rectangles, side)
    assert crops.shape == (4, side, side, 3)
    for crop, (left, top, right, bottom) in zip(crops, rectangles, strict=True):
        expected = resampled(picture[top:bottom, left:right], side, side)
        np.testing.assert_allclose(crop, expected, rtol=0, atol=1e-4)


def test_no_crops_are_no_crops() -> None:
    assert AreaSampler(noise(20, 20)).crops(np.zeros((0, 4), np.intp), 24).shape == (0, 24, 24, 3)


def test_sums_that_wrap_around_stay_right() -> None:
    # 255 * 2100 * 4100 is more than 2^31: from there on the integral image has wrapped.
    picture = np.full((2100, 4100, 3), 255, dtype=np.uint8)
    sampler = AreaSampler(picture)
    assert (sampler.resize(40, 40) == 255).all()
    assert (sampler.crops(np.array([[4000, 2000, 4100, 2100]]), 24) == 255).all()


def test_frames_may_be_views_that_are_not_contiguous() -> None:
    picture = noise(40, 60)
    flipped = picture[::-1, ::2]
    np.testing.assert_array_equal(
        AreaSampler(flipped).resize(20, 20), AreaSampler(flipped.copy()).resize(20, 20)
    )


@pytest.mark.parametrize(("size", "parts"), [(1, 1), (7, 3), (3, 7), (100, 12)])
def test_windows_cover_all_pixels(size: int, parts: int) -> None:
    start, end = pooling_windows(size, parts)
    assert (end > start).all()
    assert set(range(size)) == {i for a, b in zip(start, end, strict=True) for i in range(a, b)}
