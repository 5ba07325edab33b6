"""What a step is to make smaller, as a sum over faces so that parts of a batch add up."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from surveil.training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Batch:
    """What a step learns from: N views and what is to be said of them.

    Attributes:
        views: Normalised, ``(N, C, H, W)``, float32.
        targets: Share of each of K classes, ``(N, K)``, rows sum to 1.
        votes: Share of annotators per emotion, ``(N, 7)``; a row of zeros adds nothing.
    """

    views: Tensor
    targets: Tensor
    votes: Tensor

    def __len__(self) -> int:
        return len(self.views)

    def parts(self, count: int) -> list[Batch]:
        """Return the batch in ``count`` parts of nearly equal size, in order."""
        columns = (column.tensor_split(count) for column in (self.views, self.targets, self.votes))
        return [Batch(*row) for row in zip(*columns, strict=True)]


def targets_of(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """Return the smoothed shares ``(N, K)`` of labels ``(N,)``."""
    return functional.one_hot(labels, classes).float() * (1 - smoothing) + smoothing / classes


class TrainingLoss:
    """The loss that a configuration asks for.

    Args:
        config: Its parts ``loss`` and ``distil``.
        counts: Training faces of each of the K classes, ``(K,)``; a class without any counts as 1.
    """

    def __init__(self, config: TrainConfig, counts: Tensor) -> None:
        self._how = config.loss
        self._distil = config.distil
        shares = counts.float().clamp_min(1)
        shares = shares / shares.sum()
        self._weights: Tensor | None = None
        self._offsets: Tensor | None = None
        if config.loss.rare_classes == "weighted":
            self._weights = 1 / (shares * len(shares))
        elif config.loss.rare_classes == "logit-adjusted":
            self._offsets = config.loss.tau * torch.log(shares)

    def __call__(
        self, logits: Tensor, vote_logits: Tensor, batch: Batch, teachers: Tensor | None = None
    ) -> Tensor:
        """Return the sum over a batch's faces.

        Args:
            logits: ``(N, K)``.
            vote_logits: ``(N, 7)``.
            batch: What is to be said of them.
            teachers: Mean softmax of the teachers at their temperature, ``(N, K)``.
        """
        logits = logits.float()
        seen = logits if self._offsets is None else logits + self._offsets
        targets = batch.targets if self._weights is None else batch.targets * self._weights
        loss = -(targets * functional.log_softmax(seen, dim=1)).sum()
        if self._distil is not None and teachers is not None:
            heat, weight = self._distil.temperature, self._distil.weight
            said = functional.log_softmax(logits / heat, dim=1)
            apart = functional.kl_div(said, teachers, reduction="sum") * heat**2
            loss = (1 - weight) * loss + weight * apart
        if self._how.votes_weight:
            agreement = (batch.votes * functional.log_softmax(vote_logits.float(), dim=1)).sum()
            loss = loss - self._how.votes_weight * agreement
        return loss

    def to(self, device: torch.device) -> TrainingLoss:
        """Move its constants to a device, in place."""
        if self._weights is not None:
            self._weights = self._weights.to(device)
        if self._offsets is not None:
            self._offsets = self._offsets.to(device)
        return self
