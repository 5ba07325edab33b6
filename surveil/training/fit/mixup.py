"""Mixup: faces blended in pairs, and what is to be said of them likewise."""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator, Tensor

from surveil.training.config import TrainConfig
from surveil.training.fit.loss import Batch


def mixes(config: TrainConfig, epoch: int) -> bool:
    """Return whether batches of an epoch (from 0) may be mixed."""
    how = config.mixup
    return how.share > 0 and epoch < config.epochs - how.off_last_epochs


def draw_mix(config: TrainConfig, count: int, random: Generator) -> tuple[float, Tensor] | None:
    """Return the weight of a batch's own faces and each face's partner, or ``None``.

    Args:
        config: Its part ``mixup``.
        count: Faces of the batch.
        random: The only source of randomness; on the CPU.
    """
    how = config.mixup
    if float(torch.rand(1, generator=random)) >= how.share:
        return None
    # PyTorch draws from Beta with its global generator only.
    seed = int(torch.randint(2**62, (1,), generator=random))
    weight = float(np.random.default_rng(seed).beta(how.alpha, how.alpha))
    return weight, torch.randperm(count, generator=random)


def mixed(batch: Batch, weight: float, partners: Tensor) -> Batch:
    """Return each face blended with its partner: ``weight`` of its own, the rest of the other."""

    def blend(column: Tensor) -> Tensor:
        return weight * column + (1 - weight) * column[partners]

    return Batch(blend(batch.views), blend(batch.targets), blend(batch.votes))
