"""Random views of faces, computed for whole batches of tensors.

One ``grid_sample`` does flip, rotation, scale, aspect, shift, framing, crop and resize, and one
matrix per face its hue and saturation, so that augmentation costs a few per cent of a training step
on two cores; torchvision's ``transforms.v2`` does what it does for whole batches as fast.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional
from torchvision.transforms.v2 import functional as vision

from surveil.training.augmentation import Augmentation
from surveil.training.fit.degradation import degrade, some


def augment(
    frames: Tensor, how: Augmentation, crop_px: float, out_px: int, random: Generator
) -> Tensor:
    """Return random views of a batch of frames.

    Args:
        frames: Grey or RGB, shape ``(N, C, H, H)``, uint8.
        how: Strengths.
        crop_px: Side of the square that is cut from each frame, in pixels of the frame.
        out_px: Side that the square is resized to.
        random: The only source of randomness; on the device of ``frames``.

    Returns:
        Shape ``(N, C, out_px, out_px)``, float32, 0..1, on the same device.
    """
    views = degrade(frames.float().div_(255), how, random)
    views = functional.grid_sample(
        views,
        _grid(len(frames), how, crop_px / frames.shape[-1], out_px, random),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return _erase(_recolour(_relight(views, how, random), how, random), how, random)


def _uniform(count: int, half_width: float, random: Generator) -> Tensor:
    return (torch.rand(count, generator=random, device=random.device) * 2 - 1) * half_width


def _grid(count: int, how: Augmentation, part: float, out_px: int, random: Generator) -> Tensor:
    angle = _uniform(count, math.radians(how.rotation_deg), random)
    zoom = part * torch.exp(_uniform(count, how.scale, random))
    flip = torch.ones(count, device=random.device)
    if how.flip:
        flip -= 2 * torch.randint(0, 2, (count,), generator=random, device=random.device)
    # grid_sample's coordinates run from -1 to 1: a shift of the frame's whole side is 2.
    reach = 2 * how.shift + ((1 - part) if how.crop else 0.0)
    right, down = _uniform(count, reach, random), _uniform(count, reach, random)
    wide, high = zoom.clone(), zoom.clone()
    if how.aspect:
        stretch = torch.exp(_uniform(count, how.aspect / 2, random))
        wide, high = wide * stretch, high / stretch
    jittered = some(count, how.framing_share, random)
    if len(jittered):
        left, top, far, low = _uniform(4 * len(jittered), 2 * part * how.framing, random).view(
            4, -1
        )
        right[jittered] += (left + far) / 2
        down[jittered] += (top + low) / 2
        wide[jittered] += (far - left) / 2
        high[jittered] += (low - top) / 2
    theta = torch.zeros(count, 2, 3, device=random.device)
    theta[:, 0, 0] = wide * torch.cos(angle) * flip
    theta[:, 0, 1] = -high * torch.sin(angle)
    theta[:, 1, 0] = wide * torch.sin(angle) * flip
    theta[:, 1, 1] = high * torch.cos(angle)
    theta[:, 0, 2] = right
    theta[:, 1, 2] = down
    return functional.affine_grid(theta, [count, 1, out_px, out_px], align_corners=False)


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


_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""From RGB to luma and two axes of colour (NTSC)."""


def _recolour(views: Tensor, how: Augmentation, random: Generator) -> Tensor:
    """Turn the hue and scale the saturation of colour views, and show a share of them in grey."""
    if views.shape[1] != 3:
        return views
    count = len(views)
    if how.hue or how.saturation:
        angle = _uniform(count, 2 * math.pi * how.hue, random)
        gain = torch.exp(_uniform(count, how.saturation, random))
        turn = torch.zeros(count, 3, 3, device=views.device)
        turn[:, 0, 0] = 1
        turn[:, 1, 1] = turn[:, 2, 2] = gain * torch.cos(angle)
        turn[:, 2, 1] = gain * torch.sin(angle)
        turn[:, 1, 2] = -turn[:, 2, 1]
        basis = _YIQ.to(views.device)
        matrix = torch.linalg.inv(basis) @ turn @ basis
        views = torch.bmm(matrix, views.flatten(2)).view_as(views).clamp_(0, 1)
    grey = some(count, how.grey_share, random)
    if len(grey):
        views[grey] = vision.rgb_to_grayscale(views[grey], num_output_channels=3)
    return views


def _erase(views: Tensor, how: Augmentation, random: Generator) -> Tensor:
    """Paint a rectangle of 2% to 20% of the area with its face's mean (Zhong et al. 2017)."""
    chosen = some(len(views), how.erase_share, random)
    if not len(chosen):
        return views
    count, side = len(chosen), views.shape[-1]
    area = 0.02 + 0.18 * torch.rand(count, generator=random, device=random.device)
    aspect = torch.exp(_uniform(count, math.log(2.5), random))
    height, width = torch.sqrt(area * aspect), torch.sqrt(area / aspect)
    top = torch.rand(count, generator=random, device=random.device) * (1 - height).clamp_min(0)
    left = torch.rand(count, generator=random, device=random.device) * (1 - width).clamp_min(0)
    at = (torch.arange(side, device=random.device) + 0.5) / side
    rows = (at >= top[:, None]) & (at < (top + height)[:, None])
    columns = (at >= left[:, None]) & (at < (left + width)[:, None])
    hidden = (rows[:, :, None] & columns[:, None, :])[:, None]
    faces = views[chosen]
    views[chosen] = torch.where(hidden, faces.mean(dim=(2, 3), keepdim=True), faces)
    return views
