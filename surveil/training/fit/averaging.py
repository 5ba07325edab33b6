"""Exponential moving average of a network's weights and buffers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage:
    """The average of a network over its last ``1 / (1 - decay)`` steps or so.

    Batch-norm statistics are averaged like the weights: copied from the raw network they cost
    4 points of accuracy, as they belong to other weights.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the network after one optimiser step."""
        self.steps += 1
        # The start is forgotten faster, as in TensorFlow's ExponentialMovingAverage(num_updates).
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        averaged: list[Tensor] = []
        current: list[Tensor] = []
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                averaged.append(self.state[name])
                current.append(value)
            else:
                self.state[name].copy_(value)
        # All tensors in one call: a kernel for each would cost a GPU as much as the step itself.
        get_ema_multi_avg_fn(decay)(averaged, current, self.steps)  # type: ignore[no-untyped-call]

    def load(self, state: dict[str, Tensor], steps: int) -> None:
        """Continue from a checkpoint."""
        for name, value in state.items():
            self.state[name].copy_(value)
        self.steps = steps
