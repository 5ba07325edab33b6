"""Faces as cameras spoil them, and ten views of one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from surveil.classify import normalise
from surveil.models import Preprocessing
from surveil.models.calibration import softmax
from surveil.training.measure.robustness import CONDITIONS, Condition, jittered, spoil
from surveil.training.measure.ten_crop import ten_crop_scores, ten_views

GREY, COLOUR = Preprocessing(), Preprocessing(channels=3)
BY_NAME = {condition.name: condition for condition in CONDITIONS}


def smooth(*shape: int) -> NDArray[np.uint8]:
    """Pictures that have no detail of one pixel."""
    coarse = np.random.default_rng(1).integers(40, 200, shape, dtype=np.uint8)
    return np.stack([cv2.GaussianBlur(frame, (0, 0), 3) for frame in coarse])


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_every_condition_gives_the_models_frames_and_repeats(condition: Condition) -> None:
    grey, colour = smooth(3, 48, 48), smooth(3, 48, 48, 3)
    assert spoil(grey, condition, GREY).shape == (3, 48, 48)
    assert spoil(colour, condition, COLOUR).shape == (3, 48, 48, 3)
    assert spoil(grey, condition, COLOUR).shape == (3, 48, 48, 3)
    np.testing.assert_array_equal(spoil(grey, condition, GREY), spoil(grey, condition, GREY))


def test_no_faces_are_no_error() -> None:
    assert spoil(np.empty((0, 48, 48), np.uint8), CONDITIONS[0], GREY).shape == (0, 48, 48)


def test_a_size_loses_detail_and_the_own_size_loses_none() -> None:
    frames = np.random.default_rng(2).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    np.testing.assert_array_equal(spoil(frames, BY_NAME["face of 48 px"], GREY), frames)
    kept = [
        spoil(frames, BY_NAME[f"face of {px} px"], GREY).std() for px in (16, 24, 32, 48)
    ]  # fmt: skip
    assert kept == sorted(kept)
    assert kept[0] < kept[-1] / 2


def test_gain_and_compression_do_what_they_say() -> None:
    frames = smooth(2, 48, 48)
    for name, factor in (("gain +30%", 1.3), ("gain -30%", 0.7)):
        wanted = np.clip(frames * factor, 0, 255)
        assert np.abs(spoil(frames, BY_NAME[name], GREY) - wanted).max() <= 0.5
    lost = np.abs(spoil(frames, BY_NAME["JPEG quality 30"], GREY).astype(int) - frames)
    assert 0 < lost.mean() < 8


def test_colours_survive_compression_in_their_order() -> None:
    red = np.zeros((1, 48, 48, 3), np.uint8)
    red[..., 0] = 200
    given = spoil(red, BY_NAME["JPEG quality 30"], COLOUR)[0].mean(axis=(0, 1))
    assert given.argmax() == 0
    assert given[0] > 150


def test_jitter_moves_within_a_tenth_and_repeats_the_border() -> None:
    ramp = np.tile(np.arange(0, 192, 4, dtype=np.uint8), (48, 1))
    centres = []
    for seed in range(40):
        moved = jittered(ramp, np.random.default_rng(seed), share=0.1)
        assert moved.min() >= ramp.min()
        assert moved.max() <= ramp.max()
        centres.append(float(moved[24, 24]) - float(ramp[24, 24]))
    # A tenth of 48 px is 4.8 px, and a pixel here is 4 grey values.
    assert 12 < max(np.abs(centres)) <= 4.8 * 4 + 3
    still = jittered(ramp, np.random.default_rng(0), share=0.0)
    np.testing.assert_array_equal(still, ramp)


def test_ten_views_are_corners_and_centre_each_flipped() -> None:
    frames = np.arange(36, dtype=np.uint8).reshape(1, 6, 6)
    views = list(ten_views(frames, 4))
    assert len(views) == 10
    assert [int(view[0, 0, 0]) for view in views[::2]] == [0, 2, 12, 14, 7]
    for view, flipped in zip(views[::2], views[1::2], strict=True):
        np.testing.assert_array_equal(view[:, :, ::-1], flipped)


def test_scores_of_ten_views_are_their_mean() -> None:
    how = Preprocessing(frame_px=6, crop_px=4)
    frames = np.random.default_rng(3).integers(0, 256, (5, 6, 6), dtype=np.uint8)

    def logits(view: NDArray[np.uint8], how: Preprocessing) -> NDArray[np.float32]:
        return normalise(view, how)[:, 0, 0, :3]

    given = ten_crop_scores(frames, how, logits)
    centred = replace(how, frame_px=4)
    wanted = np.mean([softmax(logits(v, centred)) for v in ten_views(frames, 4)], axis=0)
    np.testing.assert_allclose(given, wanted, atol=1e-6)
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-5)
