"""Augmentation: shapes, range, repeatability, doing nothing when told so, and each effect."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from surveil.training.augmentation import NONE, Augmentation
from surveil.training.fit.augment import augment

ALL = Augmentation(
    aspect=0.1, framing_share=0.3, hue=0.1, saturation=0.5, grey_share=0.2, jpeg_share=0.2
)


def batch(count: int = 40, channels: int = 1) -> Tensor:
    random = np.random.default_rng(0)
    return torch.from_numpy(random.integers(0, 256, (count, channels, 48, 48), dtype=np.uint8))


def ramp(count: int) -> Tensor:
    """Frames whose brightness is their place from left to right."""
    return torch.arange(48, dtype=torch.uint8).mul(5).expand(count, 1, 48, 48).contiguous()


def random(device: str = "cpu") -> torch.Generator:
    return torch.Generator(device).manual_seed(3)


def only(frames: Tensor, **strengths: object) -> Tensor:
    return augment(frames, NONE.model_copy(update=strengths), 44, 44, random())


def plain(frames: Tensor) -> Tensor:
    return frames[:, :, 2:46, 2:46].float() / 255


def changed(frames: Tensor, views: Tensor) -> int:
    return int(((views - plain(frames)).abs().amax(dim=(1, 2, 3)) > 2e-3).sum())


@pytest.mark.parametrize("px", [36, 44])
@pytest.mark.parametrize("channels", [1, 3])
def test_views_are_in_range_and_of_the_size_asked(px: int, channels: int) -> None:
    views = augment(batch(channels=channels), ALL, 44, px, random())
    assert views.shape == (40, channels, px, px)
    assert views.dtype == torch.float32
    assert 0 <= float(views.min()) <= float(views.max()) <= 1


def test_views_may_be_larger_than_frames() -> None:
    views = augment(ramp(2), NONE, 44.4, 100, random())
    assert views.shape == (2, 1, 100, 100)
    across = views[0, 0, 50]
    assert bool((across.diff() >= -1e-6).all())
    assert float(across[0]) == pytest.approx(float(plain(ramp(1))[0, 0, 0, 0]), abs=0.02)


@pytest.mark.parametrize("channels", [1, 3])
def test_same_seed_same_views(channels: int) -> None:
    first, second = (augment(batch(9, channels), ALL, 44, 44, random()) for _ in range(2))
    assert torch.equal(first, second)
    other = augment(batch(9, channels), ALL, 44, 44, torch.Generator().manual_seed(4))
    assert not torch.equal(first, other)


def test_frames_are_left_alone() -> None:
    frames = batch(channels=3)
    before = frames.clone()
    augment(frames, ALL, 44, 44, random())
    assert torch.equal(frames, before)


@pytest.mark.parametrize("channels", [1, 3])
def test_none_is_the_centre_that_serving_sees(channels: int) -> None:
    frames = batch(3, channels)
    views = augment(frames, NONE, 44, 44, random())
    torch.testing.assert_close(views, plain(frames), atol=1e-4, rtol=0)


def test_flip_mirrors_some() -> None:
    frames = batch(64)
    views = only(frames, flip=True)
    same = (views - plain(frames)).abs().amax(dim=(1, 2, 3)) < 1e-3
    mirrored = (views - plain(frames).flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-3
    assert bool((same | mirrored).all())
    assert 10 < int(mirrored.sum()) < 54


@pytest.mark.parametrize(
    "kind",
    ["small_share", "blur_share", "noise_share", "jpeg_share", "erase_share", "framing_share"],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_share_is_the_share_of_the_batch_that_changes(kind: str, channels: int) -> None:
    frames = batch(40, channels)
    assert changed(frames, only(frames, **{kind: 0.25})) == 10


def test_crop_moves_within_the_frame() -> None:
    views = only(ramp(64), crop=True) * 255 / 5
    # The square of 44 px begins at column 0..4 of 48; in the middle it would at 2.
    starts = views[:, 0, 20, 5] - 5
    assert -0.01 <= float(starts.min()) < 0.6
    assert 3.4 < float(starts.max()) <= 4.01


def test_shift_moves_by_its_fraction_at_most() -> None:
    views = only(ramp(64), shift=0.05) * 255 / 5
    moved = views[:, 0, 20, 20] - 22
    assert 2.0 < float(moved.abs().max()) <= 0.05 * 48 + 0.01


def test_scale_zooms_in_and_out() -> None:
    views = only(ramp(64), scale=0.2) * 255 / 5
    slope = views[:, 0, 20, 26] - views[:, 0, 20, 16]
    assert 10 * np.exp(-0.2) - 0.01 <= float(slope.min()) < 9
    assert 11 < float(slope.max()) <= 10 * np.exp(0.2) + 0.01


def test_aspect_stretches_one_way_and_squeezes_the_other() -> None:
    frames = ramp(64)
    both = torch.cat([frames, frames.transpose(2, 3)])
    how = NONE.model_copy(update={"aspect": 0.2})
    across = augment(frames, how, 44, 44, random()) * 255 / 5
    down = augment(both[64:], how, 44, 44, random()) * 255 / 5
    wide = (across[:, 0, 20, 26] - across[:, 0, 20, 16]) / 10
    high = (down[:, 0, 26, 20] - down[:, 0, 16, 20]) / 10
    torch.testing.assert_close(wide * high, torch.ones(64), atol=1e-3, rtol=0)
    assert float((wide / high).log().abs().max()) == pytest.approx(0.2, abs=0.03)


def test_framing_moves_each_edge_by_its_fraction_at_most() -> None:
    views = only(ramp(200), framing_share=1.0, framing=0.1) * 255 / 5
    slope = (views[:, 0, 20, 26] - views[:, 0, 20, 16]) / 10
    middle = (views[:, 0, 20, 21] + views[:, 0, 20, 22]) / 2
    # Both edges inwards or outwards by a tenth; both to one side.
    assert 0.8 - 0.01 <= float(slope.min()) < 0.9
    assert 1.1 < float(slope.max()) <= 1.2 + 0.01
    assert 3 < float((middle - 23.5).abs().max()) <= 4.4 + 0.01


def test_rotation_turns_about_the_middle() -> None:
    views = only(ramp(64), rotation_deg=20) * 255 / 5
    slope_down = (views[:, 0, 31, 22] - views[:, 0, 12, 22]) / 19
    turned = torch.rad2deg(torch.asin(slope_down.clamp(-1, 1)))
    assert 15 < float(turned.abs().max()) <= 20.5
    assert float(views[:, 0, 21:23, 21:23].mean(dim=(1, 2)).sub(23.5).abs().max()) < 0.1


def test_light_changes_as_told() -> None:
    frames = torch.full((64, 1, 48, 48), 128, dtype=torch.uint8)
    brightness = only(frames, brightness=0.2)[:, 0, 5, 5] - 128 / 255
    assert 0.15 < float(brightness.abs().max()) <= 0.2 + 1e-4
    gamma = only(frames, gamma=0.5)[:, 0, 5, 5].log() / np.log(128 / 255)
    assert np.exp(-0.5) - 1e-3 <= float(gamma.min()) < 0.75
    assert 1.4 < float(gamma.max()) <= np.exp(0.5) + 1e-3
    views = only(ramp(64), contrast=0.3)
    spread = views.std(dim=(1, 2, 3)) / plain(ramp(1)).std()
    assert 0.7 < float(spread.min()) < 0.85
    assert 1.15 < float(spread.max()) < 1.36


def test_small_and_blurred_faces_lose_detail() -> None:
    frames = batch(20)
    detail = plain(frames).diff(dim=3).abs().mean()
    for kind in ("small_share", "blur_share"):
        assert float(only(frames, **{kind: 1.0}).diff(dim=3).abs().mean()) < 0.7 * float(detail)


def test_jpeg_keeps_what_is_smooth() -> None:
    frames = ramp(4)
    views = only(frames, jpeg_share=1.0)
    assert 1e-3 < float((views - plain(frames)).abs().max()) < 0.1


def test_erased_part_is_the_mean_of_the_face() -> None:
    frames = batch(20)
    views, before = only(frames, erase_share=1.0), plain(frames)
    hidden = (views - before).abs() > 2e-3
    assert float(hidden.float().mean(dim=(1, 2, 3)).min()) > 0.015
    assert float(hidden.float().mean(dim=(1, 2, 3)).max()) < 0.25
    for face in range(20):
        values = views[face][hidden[face]]
        torch.testing.assert_close(values, before[face].mean().expand_as(values), atol=2e-3, rtol=0)


def test_hue_and_saturation_leave_brightness_alone() -> None:
    frames = torch.tensor([150, 110, 90], dtype=torch.uint8).view(1, 3, 1, 1)
    frames = frames.expand(64, 3, 48, 48).contiguous()
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    before = float((plain(frames[:1]) * luma).sum(1).mean())
    for strengths in ({"hue": 0.1}, {"saturation": 0.5}):
        views = only(frames, **strengths)
        torch.testing.assert_close(
            (views * luma).sum(1), torch.full((64, 44, 44), before), atol=2e-3, rtol=0
        )
        assert changed(frames, views) > 50
    spread = only(frames, saturation=0.5)[:, :, 5, 5].std(dim=1) / plain(frames)[0, :, 5, 5].std()
    assert np.exp(-0.5) - 0.01 <= float(spread.min()) < 0.8
    assert 1.3 < float(spread.max()) <= np.exp(0.5) + 0.01


def test_grey_share_loses_colour() -> None:
    frames = batch(40, 3)
    views = only(frames, grey_share=0.5)
    grey = (views.amax(dim=1) - views.amin(dim=1)).amax(dim=(1, 2)) < 1e-6
    assert int(grey.sum()) == 20


def test_grey_frames_have_no_colour_to_change() -> None:
    frames = batch(8)
    assert changed(frames, only(frames, hue=0.5, saturation=1.0, grey_share=1.0)) == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("channels", [1, 3])
def test_gpu_augments_where_the_frames_are(channels: int) -> None:
    frames = batch(16, channels).cuda()
    first, second = (augment(frames, ALL, 44, 36, random("cuda")) for _ in range(2))
    assert first.device.type == "cuda"
    assert torch.equal(first, second)
    assert 0 <= float(first.min()) <= float(first.max()) <= 1
