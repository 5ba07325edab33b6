"""Mixup: blends of pairs, as often as told, off at the end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kit.models import tiny_config

from surveil.training.fit.loss import Batch
from surveil.training.fit.mixup import draw_mix, mixed, mixes


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_faces_targets_and_votes_are_blended_alike() -> None:
    faces = Batch(torch.arange(3.0).view(3, 1, 1, 1), torch.eye(3), 2 * torch.eye(3))
    blend = mixed(faces, 0.75, torch.tensor([1, 2, 0]))
    assert blend.views.flatten().tolist() == [0.25, 1.25, 1.5]
    wanted = torch.tensor([[0.75, 0.25, 0], [0, 0.75, 0.25], [0.25, 0, 0.75]])
    assert torch.equal(blend.targets, wanted)
    assert torch.equal(blend.votes, 2 * wanted)


def test_share_of_the_batches_is_mixed_by_beta() -> None:
    config = tiny_config(mixup={"alpha": 0.3, "share": 0.5})
    generator = random()
    drawn = [draw_mix(config, 8, generator) for _ in range(2000)]
    weights = np.array([mix[0] for mix in drawn if mix is not None])
    assert 900 < len(weights) < 1100
    # Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)).
    assert weights.mean() == pytest.approx(0.5, abs=0.03)
    assert weights.var() == pytest.approx(1 / (4 * 1.6), abs=0.015)
    partners = next(mix[1] for mix in drawn if mix is not None)
    assert sorted(partners.tolist()) == list(range(8))


def test_same_seed_same_pairs() -> None:
    config = tiny_config(mixup={"share": 1.0})
    first, second = (draw_mix(config, 8, random(4)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first[0] == second[0]
    assert torch.equal(first[1], second[1])


def test_last_epochs_are_not_mixed() -> None:
    config = tiny_config(epochs=5, mixup={"share": 0.5, "off_last_epochs": 2})
    assert [mixes(config, epoch) for epoch in range(5)] == [True, True, True, False, False]
    assert not mixes(tiny_config(), 0)
