"""Augmentation: shapes, range, repeatability, and doing nothing when told so."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from surveil.training.augment import NONE, Augmentation, augment


def batch(count: int = 40) -> torch.Tensor:
    random = np.random.default_rng(0)
    return torch.from_numpy(random.integers(0, 256, (count, 1, 48, 48), dtype=np.uint8))


def random() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("px", [36, 44])
def test_views_are_in_range_and_of_the_size_asked(px: int) -> None:
    views = augment(batch(), Augmentation(), 44, px, random())
    assert views.shape == (40, 1, px, px)
    assert views.dtype == torch.float32
    assert 0 <= float(views.min()) <= float(views.max()) <= 1


def test_same_seed_same_views() -> None:
    first, second = (augment(batch(), Augmentation(), 44, 44, random()) for _ in range(2))
    assert torch.equal(first, second)


def test_frames_are_left_alone() -> None:
    frames = batch()
    before = frames.clone()
    augment(frames, Augmentation(), 44, 44, random())
    assert torch.equal(frames, before)


def test_none_is_the_centre_that_serving_sees() -> None:
    frames = batch(3)
    views = augment(frames, NONE, 44, 44, random())
    torch.testing.assert_close(views, frames[:, :, 2:46, 2:46].float() / 255, atol=1e-4, rtol=0)


def test_flip_mirrors_some() -> None:
    frames = batch(64)
    views = augment(frames, NONE.model_copy(update={"flip": True}), 44, 44, random())
    plain = frames[:, :, 2:46, 2:46].float() / 255
    same = (views - plain).abs().amax(dim=(1, 2, 3)) < 1e-3
    mirrored = (views - plain.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-3
    assert bool((same | mirrored).all())
    assert 10 < int(mirrored.sum()) < 54


@pytest.mark.parametrize("kind", ["small_share", "blur_share", "noise_share", "erase_share"])
def test_share_is_the_share_of_the_batch_that_changes(kind: str) -> None:
    frames = batch(40)
    views = augment(frames, NONE.model_copy(update={kind: 0.25}), 44, 44, random())
    plain = frames[:, :, 2:46, 2:46].float() / 255
    changed = (views - plain).abs().amax(dim=(1, 2, 3)) > 1e-3
    assert int(changed.sum()) == 10
