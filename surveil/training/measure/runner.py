"""A model on the engine that serves it, given frames of any preprocessing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surveil.classify import normalise
from surveil.classify.classifier import StoredNetwork
from surveil.classify.networks import StoredModel
from surveil.engines import compile_network
from surveil.models import Preprocessing

_BATCH = 64


class Runner:
    """A model on the engine that serves it, for frames of any preprocessing."""

    def __init__(
        self,
        model: StoredModel,
        *,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        how = model.facts.preprocessing
        self.how = how
        self._network = compile_network(
            StoredNetwork(model.folder, model.facts),
            device=device,
            example_shape=(2, how.channels, how.crop_px, how.crop_px),
            threads=threads,
        )

    def logits(
        self, frames: NDArray[np.uint8], how: Preprocessing | None = None
    ) -> NDArray[np.float32]:
        """Return logits ``(N, K)`` of frames that have the side their preprocessing says."""
        parts = [
            self._network(normalise(frames[at : at + _BATCH], how or self.how))[0]
            for at in range(0, len(frames), _BATCH)
        ]
        return np.concatenate(parts)
