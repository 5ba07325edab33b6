"""The loss, against PyTorch's own and against its papers' formulas."""

from __future__ import annotations

import pytest
import torch
from kit.models import tiny_config
from torch.nn import functional

from surveil.training.fit.loss import Batch, TrainingLoss, targets_of

COUNTS = torch.tensor([8, 2, 4, 16, 8, 8, 4])


def batch(count: int = 10) -> tuple[Batch, torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 7, (count,), generator=random)
    votes = torch.rand(count, 7, generator=random).softmax(1)
    votes[2] = 0  # nobody voted
    logits = torch.randn(count, 7, generator=random)
    faces = Batch(torch.zeros(count, 1, 4, 4), targets_of(labels, 7, 0.1), votes)
    return faces, labels, logits, torch.randn(count, 7, generator=random)


def test_plain_loss_is_cross_entropy_of_labels_and_votes() -> None:
    faces, labels, logits, vote_logits = batch()
    value = TrainingLoss(tiny_config(loss={"votes_weight": 0.3}), COUNTS)(
        logits, vote_logits, faces
    )
    wanted = functional.cross_entropy(logits, labels, label_smoothing=0.1, reduction="sum")
    wanted -= 0.3 * (faces.votes * vote_logits.log_softmax(1)).sum()
    torch.testing.assert_close(value, wanted)


def test_votes_may_count_for_nothing() -> None:
    faces, labels, logits, vote_logits = batch()
    value = TrainingLoss(tiny_config(loss={"votes_weight": 0}), COUNTS)(logits, vote_logits, faces)
    wanted = functional.cross_entropy(logits, labels, label_smoothing=0.1, reduction="sum")
    torch.testing.assert_close(value, wanted)


def test_weights_are_inverse_to_frequency_and_one_on_average() -> None:
    faces, labels, logits, _ = batch()
    config = tiny_config(loss={"votes_weight": 0, "rare_classes": "weighted"})
    weights = COUNTS.sum() / (7 * COUNTS)
    assert float((weights * COUNTS).sum() / COUNTS.sum()) == pytest.approx(1)
    wanted = functional.cross_entropy(
        logits, labels, weight=weights, label_smoothing=0.1, reduction="sum"
    )
    torch.testing.assert_close(TrainingLoss(config, COUNTS)(logits, logits, faces), wanted)


def test_logits_are_adjusted_by_the_log_of_the_class_share() -> None:
    faces, labels, logits, _ = batch()
    config = tiny_config(loss={"votes_weight": 0, "rare_classes": "logit-adjusted", "tau": 0.5})
    shifted = logits + 0.5 * torch.log(COUNTS / COUNTS.sum())
    wanted = functional.cross_entropy(shifted, labels, label_smoothing=0.1, reduction="sum")
    torch.testing.assert_close(TrainingLoss(config, COUNTS)(logits, logits, faces), wanted)


@pytest.mark.parametrize("rare", ["weighted", "logit-adjusted"])
def test_class_without_a_face_gives_a_finite_loss(rare: str) -> None:
    faces, _, logits, _ = batch()
    config = tiny_config(loss={"rare_classes": rare})
    counts = COUNTS.clone()
    counts[1] = 0
    assert torch.isfinite(TrainingLoss(config, counts)(logits, logits, faces))


def test_teachers_take_their_weight_from_the_label() -> None:
    faces, labels, logits, _ = batch()
    config = tiny_config(
        loss={"votes_weight": 0},
        distil={"teachers": ["x"], "weight": 0.6, "temperature": 3.0},
    )
    said = torch.rand(10, 7, generator=torch.Generator().manual_seed(5)).softmax(1)
    hard = functional.cross_entropy(logits, labels, label_smoothing=0.1, reduction="sum")
    soft = (said * (said.log() - (logits / 3).log_softmax(1))).sum() * 9
    value = TrainingLoss(config, COUNTS)(logits, logits, faces, said)
    torch.testing.assert_close(value, 0.4 * hard + 0.6 * soft)
    # The teachers' own logits are the best answer.
    best = TrainingLoss(config.model_copy(update={"distil": config.distil}), COUNTS)
    at_teacher = best(3 * said.log(), logits, faces, said) - 0.4 * functional.cross_entropy(
        3 * said.log(), labels, label_smoothing=0.1, reduction="sum"
    )
    assert float(at_teacher) == pytest.approx(0, abs=1e-4)


def test_parts_of_a_batch_add_up() -> None:
    faces, _, logits, vote_logits = batch()
    loss = TrainingLoss(tiny_config(), COUNTS)
    parts = faces.parts(3)
    assert [len(part) for part in parts] == [4, 3, 3]
    values = [
        loss(a, b, part)
        for part, a, b in zip(
            parts, logits.tensor_split(3), vote_logits.tensor_split(3), strict=True
        )
    ]
    torch.testing.assert_close(sum(values), loss(logits, vote_logits, faces))
