"""From stored faces to the batches of a step, on the device that trains."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from surveil.classify.preprocess import to_frame
from surveil.models import Preprocessing
from surveil.training.config import TrainConfig
from surveil.training.faces import Faces
from surveil.training.fit.augment import augment
from surveil.training.fit.loss import Batch, targets_of
from surveil.training.fit.mixup import draw_mix, mixed, mixes


def pixel_facts(config: TrainConfig, frames: NDArray[np.uint8]) -> Preprocessing:
    """Return the run's preprocessing, with mean and deviation of all pixels of its frames."""
    counts = np.zeros(256, np.int64)
    for at in range(0, len(frames), 512):
        counts += np.bincount(frames[at : at + 512].ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = float((counts * values).sum() / counts.sum())
    variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
    # One grey alone has no deviation to divide by.
    std = max(variance**0.5, 1 / 255)
    side = config.input
    return Preprocessing(side.frame_px, side.crop_px, mean, std, config.architecture.channels)


def fitted(frames: NDArray[np.uint8], config: TrainConfig) -> NDArray[np.uint8]:
    """Return frames no larger than the run's, and grey if its network is.

    Smaller frames stay, and grey ones for a network of colour too: their views are enlarged and
    repeated, which saves the memory.

    Args:
        frames: ``(N, S, S)`` or ``(N, S, S, 3)``.
        config: Sizes and channels.
    """
    colour = frames.ndim == 4 and config.architecture.channels == 3
    channels = 3 if colour else 1
    if len(frames) == 0 or (
        frames.shape[1] <= config.input.frame_px and frames.ndim == (4 if colour else 3)
    ):
        return frames
    side = min(frames.shape[1], config.input.frame_px)
    return np.stack([to_frame(frame, side, channels) for frame in frames])


class Views:
    """The training faces on a device; gives a batch of random views for chosen indices.

    Args:
        config: Augmentation, input, mixup and label smoothing.
        faces: Of the run's classes only.
        device: Gets all frames at once.
    """

    def __init__(self, config: TrainConfig, faces: Faces, device: torch.device) -> None:
        self._config = config
        frames = torch.from_numpy(np.ascontiguousarray(fitted(faces.frames, config)))
        frames = frames[:, None] if frames.ndim == 3 else frames.permute(0, 3, 1, 2)
        labels = torch.from_numpy(config.classes.labels_of(faces.labels))
        self.counts = torch.bincount(labels, minlength=len(config.classes.classes))
        """Faces of each class, ``(K,)``."""
        targets = targets_of(labels, len(config.classes.classes), config.loss.smoothing)
        votes = torch.from_numpy(faces.votes)
        if device.type == "cuda":
            frames, targets, votes = (
                column.contiguous().pin_memory().to(device, non_blocking=True)
                for column in (frames, targets, votes)
            )
        self._frames, self._targets, self._votes = frames, targets, votes
        self._device = device
        # In pixels of the frames as they are stored, which may be smaller than the run's.
        self._crop_px = config.input.crop_px * frames.shape[-1] / config.input.frame_px

    def __len__(self) -> int:
        return len(self._frames)

    def generators(self, epoch: int) -> tuple[Generator, Generator]:
        """Return the generators of an epoch: on the CPU for order and mixup, and for the views.

        Seeded by epoch, so that a resumed run sees what an uninterrupted one would have seen.
        """
        seed = self._config.seed * 1_000_003 + epoch
        first = Generator().manual_seed(seed)
        if self._device.type == "cpu":
            return first, first
        return first, Generator(self._device).manual_seed(seed)

    @torch.no_grad()
    def batch(
        self,
        chosen: Tensor,
        epoch: int,
        how: Preprocessing,
        randoms: tuple[Generator, Generator],
    ) -> Batch:
        """Return normalised random views of the chosen faces, ``(N, channels, px, px)``."""
        config = self._config
        place = chosen.to(self._device, non_blocking=True)
        px = config.px_at(epoch)
        views = augment(self._frames[place], config.augmentation, self._crop_px, px, randoms[1])
        views = views.sub_(how.mean).div_(how.std)
        if views.shape[1] != config.architecture.channels:
            views = views.expand(-1, config.architecture.channels, -1, -1)
        views = views.contiguous(memory_format=torch.channels_last)
        batch = Batch(views, self._targets[place], self._votes[place])
        if mixes(config, epoch):
            mix = draw_mix(config, len(chosen), randoms[0])
            if mix is not None:
                return mixed(batch, mix[0], mix[1].to(self._device))
        return batch
