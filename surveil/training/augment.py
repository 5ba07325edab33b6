"""Random views of faces, computed for whole batches of tensors.

One ``grid_sample`` does flip, rotation, scale, shift, crop and resize, so that augmentation costs a
few per cent of a training step on two cores.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Generator, Tensor
from torch.nn import functional

Share = Annotated[float, Field(ge=0, le=1)]


class Augmentation(BaseModel):
    """Strengths. Amounts are half-widths of uniform ranges; ``_share`` is a share of the batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flip: bool = True
    crop: bool = True
    """Crop the network's square at random from the frame instead of from its middle."""
    rotation_deg: Annotated[float, Field(ge=0, le=45)] = 12.0
    scale: Annotated[float, Field(ge=0, le=0.5)] = 0.12
    shift: Annotated[float, Field(ge=0, le=0.3)] = 0.04
    """Fraction of the frame, as a detector's box jitters."""
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.15
    contrast: Annotated[float, Field(ge=0, lt=1)] = 0.3
    gamma: Annotated[float, Field(ge=0, lt=1)] = 0.3
    small_share: Share = 0.15
    """Faces shrunk to 14..36 px and enlarged again, as those far from a camera are."""
    blur_share: Share = 0.1
    noise_share: Share = 0.15
    erase_share: Share = 0.25


NONE = Augmentation(
    flip=False, crop=False, rotation_deg=0, scale=0, shift=0, brightness=0, contrast=0, gamma=0,
    small_share=0, blur_share=0, noise_share=0, erase_share=0,
)  # fmt: skip
"""The plain centre of each frame."""


def augment(
    frames: Tensor, how: Augmentation, crop_px: int, out_px: int, random: Generator
) -> Tensor:
    """Return random views of a batch of frames.

    Args:
        frames: Grey, shape ``(N, 1, H, H)``, uint8.
        how: Strengths.
        crop_px: Side of the square that is cut from each frame, in pixels of the frame.
        out_px: Side that the square is resized to.
        random: The only source of randomness.

    Returns:
        Shape ``(N, 1, out_px, out_px)``, float32, 0..1.
    """
    views = _degrade(frames.float().div_(255), how, random)
    views = functional.grid_sample(
        views,
        _grid(len(frames), how, crop_px / frames.shape[-1], out_px, random),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return _erase(_relight(views, how, random), how, random)


def _uniform(count: int, half_width: float, random: Generator) -> Tensor:
    return (torch.rand(count, generator=random) * 2 - 1) * half_width


def _grid(count: int, how: Augmentation, part: float, out_px: int, random: Generator) -> Tensor:
    angle = _uniform(count, math.radians(how.rotation_deg), random)
    zoom = part * torch.exp(_uniform(count, how.scale, random))
    flip = torch.ones(count)
    if how.flip:
        flip -= 2 * torch.randint(0, 2, (count,), generator=random)
    # grid_sample's coordinates run from -1 to 1: a shift of the frame's whole side is 2.
    reach = 2 * how.shift + ((1 - part) if how.crop else 0.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = zoom * torch.cos(angle) * flip
    theta[:, 0, 1] = -zoom * torch.sin(angle)
    theta[:, 1, 0] = zoom * torch.sin(angle) * flip
    theta[:, 1, 1] = zoom * torch.cos(angle)
    theta[:, 0, 2] = _uniform(count, reach, random)
    theta[:, 1, 2] = _uniform(count, reach, random)
    return functional.affine_grid(theta, [count, 1, out_px, out_px], align_corners=False)


def _some(count: int, share: float, random: Generator) -> Tensor:
    return torch.randperm(count, generator=random)[: round(count * share)]


def _degrade(frames: Tensor, how: Augmentation, random: Generator) -> Tensor:
    """Lose detail as a surveillance camera does; one strength per batch and kind, in place."""
    count, side = len(frames), frames.shape[-1]
    small = _some(count, how.small_share, random)
    if len(small):
        px = int(torch.randint(side * 7 // 24, side * 3 // 4 + 1, (1,), generator=random))
        shrunk = functional.interpolate(frames[small], size=(px, px), mode="area")
        frames[small] = functional.interpolate(
            shrunk, size=(side, side), mode="bilinear", align_corners=False
        )
    blurred = _some(count, how.blur_share, random)
    if len(blurred):
        sigma = 0.5 + 1.0 * float(torch.rand(1, generator=random))
        taps = torch.exp(-(torch.arange(-2.0, 3.0) ** 2) / (2 * sigma**2))
        taps = taps / taps.sum()
        padded = functional.pad(frames[blurred], (2, 2, 2, 2), mode="replicate")
        rows = functional.conv2d(padded, taps.view(1, 1, 5, 1))
        frames[blurred] = functional.conv2d(rows, taps.view(1, 1, 1, 5))
    noisy = _some(count, how.noise_share, random)
    if len(noisy):
        strength = 0.01 + 0.07 * torch.rand(len(noisy), 1, 1, 1, generator=random)
        noise = torch.randn(frames[noisy].shape, generator=random)
        frames[noisy] += strength * noise
    return frames


def _relight(views: Tensor, how: Augmentation, random: Generator) -> Tensor:
    count = len(views)
    column = (count, 1, 1, 1)
    if how.gamma:
        exponent = torch.exp(_uniform(count, how.gamma, random)).view(column)
        views = views.clamp_(1e-4, 1).pow(exponent)
    if how.contrast or how.brightness:
        gain = torch.exp(_uniform(count, how.contrast, random)).view(column)
        offset = _uniform(count, how.brightness, random).view(column)
        mean = views.mean(dim=(1, 2, 3), keepdim=True)
        views = (views - mean).mul_(gain).add_(mean + offset)
    return views.clamp_(0, 1)


def _erase(views: Tensor, how: Augmentation, random: Generator) -> Tensor:
    """Paint a rectangle of 2% to 20% of the area with its face's mean (Zhong et al. 2017)."""
    chosen = _some(len(views), how.erase_share, random)
    if not len(chosen):
        return views
    count, side = len(chosen), views.shape[-1]
    area = 0.02 + 0.18 * torch.rand(count, generator=random)
    aspect = torch.exp(_uniform(count, math.log(2.5), random))
    height, width = torch.sqrt(area * aspect), torch.sqrt(area / aspect)
    top = torch.rand(count, generator=random) * (1 - height).clamp_min(0)
    left = torch.rand(count, generator=random) * (1 - width).clamp_min(0)
    at = (torch.arange(side) + 0.5) / side
    rows = (at >= top[:, None]) & (at < (top + height)[:, None])
    columns = (at >= left[:, None]) & (at < (left + width)[:, None])
    hidden = (rows[:, :, None] & columns[:, None, :])[:, None]
    faces = views[chosen]
    views[chosen] = torch.where(hidden, faces.mean(dim=(2, 3), keepdim=True), faces)
    return views
