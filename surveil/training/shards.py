"""The gradients of a batch, computed by several threads on a part of it each.

One thread per part, and not several threads per operation: those meet at spinning barriers many
times a layer, and on two cores shared with other work the waiting cost more than the work
(measured: 88 against 287 images per CPU second).
"""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

from surveil.classify import build_network
from surveil.domain import EMOTIONS
from surveil.training.config import TrainConfig


class TwoHeads(nn.Module):
    """A network with a second head that learns the annotators' votes and is not exported."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.network = build_network(config.architecture, len(EMOTIONS))
        self.votes = nn.Linear(self.network.fc.in_features, len(EMOTIONS))

    def forward(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.features(batch)
        return self.network.fc(features), self.votes(features)


SHARD_FACES = 32
"""Batch-norm needs some faces to take statistics of; parts are not made smaller than this."""


def shard_count(threads: int, batch: int) -> int:
    """Return how many parts to work on at once with so many threads."""
    return max(min(threads, batch // SHARD_FACES), 1)


class Shards:
    """A model and its twins, which share its weights but have batch-norm statistics of their own.

    The statistics of the model itself, which are kept, are those of the first part of each batch.
    The result depends on the number of parts, and on nothing else.

    Args:
        model: Gets the gradients.
        config: Loss and precision.
        count: Parts, each worked on by a thread of its own. PyTorch's own threads are set to one
            for the whole process if there is more than one part.
    """

    def __init__(self, model: TwoHeads, config: TrainConfig, count: int) -> None:
        self._models = [model]
        self._config = config
        own = dict(model.named_parameters())
        for _ in range(count - 1):
            twin = copy.deepcopy(model)
            for name, _ in list(twin.named_parameters()):
                owner, _, leaf = name.rpartition(".")
                setattr(twin.get_submodule(owner), leaf, own[name])
            self._models.append(twin)
        self._parameters = list(model.parameters())
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="shard")
        if count > 1:
            torch.set_num_threads(1)

    def gradients(self, batch: Tensor, labels: Tensor, votes: Tensor) -> float:
        """Set the gradients of the mean loss over a batch and return that loss.

        Args:
            batch: Normalised views, ``(N, C, H, W)``.
            labels: ``(N,)``, int64.
            votes: ``(N, 7)``; a row of zeros adds nothing.
        """
        count = min(len(self._models), len(batch) // 2)
        parts = zip(
            self._models[:count], batch.chunk(count), labels.chunk(count), votes.chunk(count),
            strict=True,
        )  # fmt: skip
        tasks = [self._pool.submit(self._part, *part, len(batch)) for part in parts]
        losses, gradients = zip(*(task.result() for task in tasks), strict=True)
        for parameter, *pieces in zip(self._parameters, *gradients, strict=True):
            for piece in pieces[1:]:
                pieces[0].add_(piece)
            parameter.grad = pieces[0]
        return float(sum(losses))

    def _part(
        self, model: nn.Module, batch: Tensor, labels: Tensor, votes: Tensor, total: int
    ) -> tuple[float, tuple[Tensor, ...]]:
        """Return the part's share of the mean loss and its gradients; runs in a shard's thread."""
        how = self._config.loss
        model.train()
        with self._precision():
            logits, vote_logits = model(batch)
        loss = functional.cross_entropy(
            logits.float(), labels, label_smoothing=how.smoothing, reduction="sum"
        )
        agreement = (votes * functional.log_softmax(vote_logits.float(), dim=1)).sum()
        loss = (loss - how.votes_weight * agreement) / total
        return float(loss.detach()), torch.autograd.grad(loss, self._parameters)

    def _precision(self) -> AbstractContextManager[object]:
        if self._config.precision == "bfloat16":
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return nullcontext()
