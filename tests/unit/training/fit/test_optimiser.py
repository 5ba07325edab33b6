"""Optimisers: what decays, and a state that comes back from a checkpoint."""

from __future__ import annotations

import pytest
import torch
from kit.models import tiny_config
from torch import nn

from surveil.training.fit.optimiser import load_optimiser, make_optimiser, optimiser_tensors


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


def step(model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    faces = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    model(faces).square().sum().backward()
    optimiser.step()


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)],
)
def test_state_continues_from_a_checkpoint(kind: str, wanted: type) -> None:
    config = tiny_config(optimiser={"kind": kind, "rate": 0.01})
    model, twin = network(), network()
    optimiser, other = make_optimiser(model, config), make_optimiser(twin, config)
    assert type(optimiser) is wanted
    step(model, optimiser)
    stored = {name: value.clone() for name, value in optimiser_tensors(optimiser, model).items()}
    twin.load_state_dict(model.state_dict())
    load_optimiser(other, twin, stored)
    step(model, optimiser)
    step(twin, other)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(twin.state_dict()[name], value)


def test_biases_and_norms_do_not_decay() -> None:
    optimiser = make_optimiser(network(), tiny_config(optimiser={"weight_decay": 0.01}))
    weights, rest = optimiser.param_groups
    assert [p.ndim for p in weights["params"]] == [2, 2]
    assert [p.ndim for p in rest["params"]] == [1, 1, 1, 1]
    assert (weights["weight_decay"], rest["weight_decay"]) == (0.01, 0)


def test_sgd_without_momentum_has_no_nesterov_step() -> None:
    config = tiny_config(optimiser={"momentum": 0})
    assert not make_optimiser(network(), config).defaults["nesterov"]
