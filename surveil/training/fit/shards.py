"""The gradients of a batch, on a CPU computed by several threads on a part of it each.

One thread per part, and not several threads per operation: those meet at spinning barriers many
times a layer, and on two cores shared with other work the waiting cost more than the work
(measured: 88 against 287 images per CPU second).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surveil.training.config import TrainConfig
from surveil.training.fit.heads import TwoHeads
from surveil.training.fit.loss import Batch, TrainingLoss
from surveil.training.fit.precision import autocast

SHARD_FACES = 32
"""Batch-norm needs some faces to take statistics of; parts are not made smaller than this."""


def shard_count(threads: int, batch: int) -> int:
    """Return how many parts to work on at once with so many threads."""
    return max(min(threads, batch // SHARD_FACES), 1)


class Shards:
    """A model and its twins, which share its weights but have batch-norm statistics of their own.

    The statistics of the model itself, which are kept, are those of the first part of each batch.
    The result depends on the number of parts; with one, or without dropout (whose masks the threads
    draw in any order), it depends on nothing else.

    Args:
        model: Gets the gradients; on its device.
        config: Precision.
        loss: What to make smaller; a sum over faces.
        count: Parts, each worked on by a thread of its own; one on a GPU. How many
            threads PyTorch takes for an operation is left to the process that trains.
        teachers: Gives the softmax ``(N, K)`` that views ``(N, C, H, W)`` should have.
        scale: Applied to the loss before the gradients are taken.
    """

    def __init__(
        self,
        model: TwoHeads,
        config: TrainConfig,
        loss: TrainingLoss,
        count: int,
        *,
        teachers: Callable[[Tensor], Tensor] | None = None,
        scale: Callable[[Tensor], Tensor] = lambda loss: loss,
    ) -> None:
        self._models = [model]
        self._config = config
        self._loss = loss
        self._teachers = teachers
        self._scale = scale
        own = dict(model.named_parameters())
        for _ in range(count - 1):
            twin = copy.deepcopy(model)
            for name, _ in list(twin.named_parameters()):
                owner, _, leaf = name.rpartition(".")
                setattr(twin.get_submodule(owner), leaf, own[name])
            self._models.append(twin)
        self._parameters = list(model.parameters())
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="shard")

    def gradients(self, batch: Batch) -> Tensor:
        """Set the gradients of the mean loss over a batch and return that loss, a scalar.

        Raises:
            Exception: Whatever a part raised, once all parts have ended.
        """
        count = max(min(len(self._models), len(batch) // 2), 1)
        if count == 1:
            results = [self._part(self._models[0], batch, len(batch))]
        else:
            parts = zip(self._models[:count], batch.parts(count), strict=True)
            tasks = [self._pool.submit(self._part, *part, len(batch)) for part in parts]
            results = [task.result() for task in tasks]
        losses, gradients = zip(*results, strict=True)
        for parameter, *pieces in zip(self._parameters, *gradients, strict=True):
            for piece in pieces[1:]:
                pieces[0].add_(piece)
            parameter.grad = pieces[0]
        return torch.stack(losses).sum()

    def each(
        self, function: Callable[[NDArray[np.uint8]], Tensor], frames: NDArray[np.uint8]
    ) -> list[Tensor]:
        """Return a function's results for as many parts of frames as there are threads, in order.

        It is run in the threads, in the configured precision.
        """

        def part(chosen: NDArray[np.uint8]) -> Tensor:
            with autocast(self._config, self._parameters[0].device):
                return function(chosen)

        return list(self._pool.map(part, np.array_split(frames, len(self._models))))

    def _part(self, model: nn.Module, batch: Batch, total: int) -> tuple[Tensor, list[Tensor]]:
        """Return the part's share of the mean loss and its gradients; runs in a shard's thread."""
        model.train()
        with autocast(self._config, batch.views.device):
            wanted = self._teachers(batch.views) if self._teachers else None
            logits, vote_logits = model(batch.views)
        loss = self._loss(logits, vote_logits, batch, wanted) / total
        # The head of the votes takes no part where they count for nothing.
        gradients = torch.autograd.grad(
            self._scale(loss), self._parameters, allow_unused=True, materialize_grads=True
        )
        return loss.detach(), list(gradients)
