"""A frozen picture against a quiet scene."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surveil.sources.freeze import GRID, FreezeWatch, sample_luma

SCENE = np.random.default_rng(1).integers(0, 255, (GRID, GRID), dtype=np.uint8)


def noisy(dice: np.random.Generator) -> NDArray[np.uint8]:
    """The scene with one grey level of noise, less than any sensor has."""
    noise = dice.integers(-1, 2, SCENE.shape)
    return np.asarray(np.clip(SCENE.astype(np.int16) + noise, 0, 255), np.uint8)


def first_frozen_s(
    pictures: list[tuple[NDArray[np.uint8], bool]], timeout_s: float
) -> float | None:
    watch = FreezeWatch(timeout_s)
    for index, (luma, is_key) in enumerate(pictures):
        if watch.observe(luma, is_key=is_key, now_s=1000 + index / 10):
            return index / 10
    return None


def test_the_same_key_frames_over_and_over_are_frozen() -> None:
    pictures = [(SCENE, index % 10 == 0) for index in range(100)]
    assert first_frozen_s(pictures, 3.0) == 3.0


def test_skipped_pictures_between_differing_key_frames_are_not() -> None:
    dice = np.random.default_rng(2)
    still = SCENE
    pictures = []
    for index in range(300):
        if index % 50 == 0:  # coded anew from the sensor; in between the encoder skips
            still = noisy(dice)
        pictures.append((still, index % 50 == 0))
    assert first_frozen_s(pictures, 3.0) is None


def test_without_key_frames_patience_is_longer() -> None:
    pictures = [(SCENE, index == 0) for index in range(200)]
    assert first_frozen_s(pictures, 3.0) == 12.0


def test_motion_anywhere_is_life() -> None:
    pictures = []
    for index in range(100):
        luma = SCENE.copy()
        luma[:8, :8] = 40 + index % 3 * 20
        pictures.append((luma, False))
    assert first_frozen_s(pictures, 3.0) is None


def test_slow_light_is_life() -> None:
    # One grey level in two seconds, no key frames: each step is below the threshold.
    pictures = [(np.full((GRID, GRID), 50 + index // 20, np.uint8), False) for index in range(400)]
    assert first_frozen_s(pictures, 3.0) is None


def test_it_thaws_at_once() -> None:
    watch = FreezeWatch(1.0)
    for index in range(30):
        is_frozen = watch.observe(SCENE, is_key=True, now_s=index / 10)
    assert is_frozen
    assert not watch.observe(255 - SCENE, is_key=False, now_s=3.0)


def test_zero_never_finds_any() -> None:
    assert first_frozen_s([(SCENE, True)] * 50, 0.0) is None


def test_luma_is_sampled_from_any_size_and_padding() -> None:
    for height, line_bytes in ((8, 16), (1080, 1920), (1, 1), (63, 640)):
        plane = np.arange(height * line_bytes, dtype=np.uint64).astype(np.uint8)
        luma = sample_luma(plane.data, line_bytes)
        assert luma.shape == (GRID, GRID)
        assert luma.dtype == np.uint8
    rows = np.repeat(np.arange(128, dtype=np.uint8), 256).reshape(128, 256)
    assert (sample_luma(rows.reshape(-1).data, -256)[:, 0] == np.arange(1, 128, 2)).all()
