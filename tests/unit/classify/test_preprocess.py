"""Preprocessing: one path, never stretched, the same for a crop alone or in company."""

from __future__ import annotations

import numpy as np
import pytest

from surveil.classify import normalise, preprocess, to_frame
from surveil.models import Preprocessing

HOW = Preprocessing(frame_px=48, crop_px=44, mean=0.5, std=0.25)


def test_colour_becomes_luma() -> None:
    red = np.zeros((48, 48, 3), np.uint8)
    red[..., 0] = 255
    assert to_frame(red, 48)[0, 0] == 76  # 0.299 * 255, BT.601


def test_training_frame_passes_unchanged() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    np.testing.assert_array_equal(to_frame(frame, 48), frame)


@pytest.mark.parametrize("shape", [(96, 60), (60, 96), (1, 1), (7, 300)])
def test_crop_of_any_shape_is_padded_not_stretched(shape: tuple[int, int]) -> None:
    crop = np.zeros((*shape, 3), np.uint8)
    crop[shape[0] // 2 :] = 200
    assert to_frame(crop, 48).shape == (48, 48)


def test_circle_stays_round_in_a_clipped_crop() -> None:
    rows, columns = np.mgrid[:96, :60]
    disc = ((rows - 48) ** 2 + (columns - 30) ** 2 < 20**2).astype(np.uint8) * 255
    seen = to_frame(disc, 48) > 127
    assert seen.any(axis=0).sum() == seen.any(axis=1).sum()


def test_normalise_takes_the_centre_and_the_statistics() -> None:
    frames = np.zeros((1, 48, 48), np.uint8)
    frames[0, 2:46, 2:46] = 255
    batch = normalise(frames, HOW)
    assert batch.shape == (1, 1, 44, 44)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, 2.0, rtol=1e-6)


def test_no_crops_give_an_empty_batch() -> None:
    assert preprocess([], HOW).shape == (0, 1, 44, 44)


def test_a_crop_does_not_depend_on_its_batch() -> None:
    random = np.random.default_rng(1)
    crops = [random.integers(0, 256, (s, s, 3), dtype=np.uint8) for s in (20, 48, 130)]
    together = preprocess(crops, HOW)
    for row, crop in enumerate(crops):
        np.testing.assert_array_equal(together[row], preprocess([crop], HOW)[0])
