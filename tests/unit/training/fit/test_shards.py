"""Sharded gradients are those of the whole batch, up to batch-norm's statistics."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from surveil.training.config import TrainConfig
from surveil.training.fit.heads import TwoHeads
from surveil.training.fit.loss import Batch, TrainingLoss, targets_of
from surveil.training.fit.shards import Shards, shard_count

CONFIG = TrainConfig.model_validate(
    {
        "name": "tiny", "precision": "float32",
        "architecture": {"kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1]},
    }
)  # fmt: skip


LOSS = TrainingLoss(CONFIG, torch.ones(7))


class FrozenNorm(TwoHeads):
    """Batch-norm in evaluation mode, so that a face does not depend on its part."""

    def train(self, mode: bool = True) -> FrozenNorm:
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


@pytest.mark.parametrize("count", [1, 2, 3])
def test_parts_add_up_to_the_whole(count: int) -> None:
    torch.manual_seed(0)
    model = FrozenNorm(CONFIG)
    random = torch.Generator().manual_seed(1)
    batch = torch.randn(12, 1, 24, 24, generator=random)
    labels = torch.randint(0, 7, (12,), generator=random)
    votes = torch.rand(12, 7, generator=random).softmax(1)
    votes[3] = 0  # nobody voted
    model.train()
    logits, vote_logits = model(batch)
    loss = nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    loss = loss - 0.5 * (votes * vote_logits.log_softmax(1)).sum() / 12
    wanted = torch.autograd.grad(loss, list(model.parameters()))
    shards = Shards(model, CONFIG, LOSS, count)
    value = shards.gradients(Batch(batch, targets_of(labels, 7, 0.1), votes))
    assert float(value) == pytest.approx(float(loss.detach()), rel=1e-5)
    for parameter, gradient in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-5, rtol=1e-4)


def test_twins_follow_the_models_weights() -> None:
    model = TwoHeads(CONFIG)
    shards = Shards(model, CONFIG, LOSS, 2)
    with torch.no_grad():
        next(model.parameters()).fill_(0.5)
    twin = shards._models[1]
    assert twin is not model
    assert float(next(twin.parameters()).detach().mean()) == 0.5
    first, second = (one.get_submodule("network.bn1") for one in (model, twin))
    assert first.running_mean is not second.running_mean


@pytest.mark.parametrize(
    ("threads", "batch", "parts"), [(1, 128, 1), (2, 128, 2), (64, 128, 4), (8, 16, 1)]
)
def test_parts_stay_large_enough_for_batch_norm(threads: int, batch: int, parts: int) -> None:
    assert shard_count(threads, batch) == parts


class FailsOnOnePart(TwoHeads):
    """Cannot bear the part of a batch that begins with a face of fives."""

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if float(batch[0, 0, 0, 0]) == 5:
            raise ArithmeticError("a part failed")
        return super().forward(batch)


@pytest.mark.parametrize("place", [0, 4, 8])
def test_failing_part_ends_the_step_and_not_the_pool(place: int) -> None:
    shards = Shards(FailsOnOnePart(CONFIG), CONFIG, LOSS, 3)
    views = torch.zeros(12, 1, 24, 24)
    targets, votes = targets_of(torch.zeros(12, dtype=torch.long), 7, 0), torch.zeros(12, 7)
    views[place] = 5
    with pytest.raises(ArithmeticError, match="a part failed"):
        shards.gradients(Batch(views, targets, votes))
    views[place] = 0
    assert torch.isfinite(shards.gradients(Batch(views, targets, votes)))


def test_votes_head_is_left_alone_where_votes_count_for_nothing() -> None:
    config = CONFIG.model_copy(update={"loss": CONFIG.loss.model_copy(update={"votes_weight": 0})})
    model = TwoHeads(config)
    shards = Shards(model, config, TrainingLoss(config, torch.ones(7)), 1)
    targets = targets_of(torch.arange(4), 7, 0.1)
    shards.gradients(Batch(torch.randn(4, 1, 24, 24), targets, torch.rand(4, 7)))
    assert model.votes.weight.grad is not None
    assert float(model.votes.weight.grad.abs().sum()) == 0
    assert model.network.fc.weight.grad is not None
    assert float(model.network.fc.weight.grad.abs().sum()) > 0


def test_both_heads_see_the_dropped_features() -> None:
    dropping = TrainConfig.model_validate(
        CONFIG.model_dump() | {"architecture": CONFIG.architecture.model_dump() | {"dropout": 0.9}}
    )
    model = TwoHeads(dropping)
    faces = torch.randn(4, 1, 24, 24)
    first, second = model(faces), model(faces)
    assert not torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])
    model.eval()
    assert torch.equal(model(faces)[0], model.network(faces))
