"""The optimiser of a run, and its state by the names of the parameters."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from surveil.training.config import TrainConfig
from surveil.training.fit.checkpoint import part_of


def make_optimiser(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Return the configured optimiser; biases and batch-norm parameters do not decay."""
    how = config.optimiser
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": how.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if how.kind == "sgd":
        # PyTorch allows Nesterov's step with momentum only; without, the two are one.
        nesterov = how.momentum > 0
        return torch.optim.SGD(groups, lr=how.rate, momentum=how.momentum, nesterov=nesterov)
    betas = (how.momentum, 0.999)
    if how.kind == "adam":
        return torch.optim.Adam(groups, lr=how.rate, betas=betas)
    return torch.optim.AdamW(groups, lr=how.rate, betas=betas)


def optimiser_tensors(optimiser: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """Return the optimiser's state as ``key.parameter`` for a checkpoint."""
    return {
        f"{key}.{name}": value
        for name, parameter in model.named_parameters()
        for key, value in optimiser.state[parameter].items()
        if isinstance(value, Tensor)
    }


def load_optimiser(
    optimiser: torch.optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]
) -> None:
    """Set the state that :func:`optimiser_tensors` returned; what is absent begins anew."""
    keys = {name.partition(".")[0] for name in tensors}
    for key in keys:
        part = part_of(tensors, key)
        for name, parameter in model.named_parameters():
            if name in part:
                # Adam counts its steps on the CPU whatever the device.
                place = torch.device("cpu") if key == "step" else parameter.device
                optimiser.state[parameter][key] = part[name].to(place)
