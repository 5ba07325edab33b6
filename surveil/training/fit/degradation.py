"""What a surveillance camera does to a face: few pixels, blur, noise, compression."""

from __future__ import annotations

import cv2
import torch
from torch import Generator, Tensor
from torch.nn import functional
from torchvision.transforms.v2 import functional as vision

from surveil.training.augmentation import Augmentation


def degrade(frames: Tensor, how: Augmentation, random: Generator) -> Tensor:
    """Lose detail as a camera does, in place; one strength per batch and kind.

    Args:
        frames: ``(N, C, H, H)``, float32, 0..1.
        how: Shares of the batch.
        random: On the device of ``frames``.

    Returns:
        ``frames``; noise may leave values a little outside 0..1.
    """
    count, side = len(frames), frames.shape[-1]
    small = some(count, how.small_share, random)
    if len(small):
        px = _integer(side * 7 // 24, side * 3 // 4, random)
        shrunk = functional.interpolate(frames[small], size=(px, px), mode="area")
        frames[small] = functional.interpolate(
            shrunk, size=(side, side), mode="bilinear", align_corners=False
        )
    blurred = some(count, how.blur_share, random)
    if len(blurred):
        # In frames of 48 px; larger ones are blurred alike relative to their size.
        sigma = (0.5 + 1.0 * _number(random)) * side / 48
        reach = 2 * max(round(2 * side / 48), 1) + 1
        frames[blurred] = vision.gaussian_blur(frames[blurred], [reach, reach], [sigma, sigma])
    noisy = some(count, how.noise_share, random)
    if len(noisy):
        shape = (len(noisy), 1, 1, 1)
        strength = 0.01 + 0.07 * torch.rand(shape, generator=random, device=random.device)
        noise = torch.randn(frames[noisy].shape, generator=random, device=random.device)
        frames[noisy] += strength * noise
    packed = some(count, how.jpeg_share, random)
    if len(packed):
        quality = _integer(20, 70, random)
        pixels = frames[packed].mul(255).round_().clamp_(0, 255).to(torch.uint8)
        frames[packed] = _compressed(pixels, quality).to(frames.device).float().div_(255)
    return frames


def _compressed(pixels: Tensor, quality: int) -> Tensor:
    """Return pixels ``(N, C, H, H)``, uint8, after JPEG, on the CPU.

    By OpenCV: torchvision's own encoder, which ``transforms.v2`` calls, is deprecated since 0.29.
    """
    faces = []
    for face in pixels.permute(0, 2, 3, 1).cpu().numpy():
        # OpenCV takes BGR, and gives one channel without an axis.
        data = cv2.imencode(".jpg", face[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        back = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        assert back is not None
        faces.append(torch.from_numpy(back.reshape(face.shape)[..., ::-1].copy()))
    return torch.stack(faces).permute(0, 3, 1, 2)


def some(count: int, share: float, random: Generator) -> Tensor:
    """Return the indices of a random ``share`` of ``count`` faces."""
    if round(count * share) == 0:
        return torch.empty(0, dtype=torch.long, device=random.device)
    return torch.randperm(count, generator=random, device=random.device)[: round(count * share)]


def _number(random: Generator) -> float:
    return float(torch.rand(1, generator=random, device=random.device))


def _integer(low: int, high: int, random: Generator) -> int:
    return int(torch.randint(low, high + 1, (1,), generator=random, device=random.device))
