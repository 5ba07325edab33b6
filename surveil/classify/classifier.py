"""Classify the expressions of faces, in batches, with calibrated scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from surveil.classify.preprocess import preprocess
from surveil.domain import EMOTIONS
from surveil.engines import Blueprint, EngineName, KeptNetworks, Network, compile_network
from surveil.errors import ModelError
from surveil.models.facts import ModelFacts, read_facts
from surveil.models.precision import Precision
from surveil.models.taxonomy import Taxonomy, restrict
from surveil.models.weights import read_int8_network, read_network

if TYPE_CHECKING:
    from torch import nn


class StoredNetwork:
    """The network of a model's folder, as a blueprint; see :class:`~surveil.engines.Blueprint`."""

    def __init__(
        self, folder: Path, facts: ModelFacts, precision: Precision = Precision.FLOAT32
    ) -> None:
        self._folder = folder
        self._facts = facts
        self._read = read_network if precision is Precision.FLOAT32 else read_int8_network

    def onnx(self) -> bytes:
        """Return the network as its folder holds it for CPUs."""
        return self._read(self._folder, self._facts)

    def build(self) -> nn.Module:
        """Return the network with its weights."""
        # PyTorch with it: only where the engine runs on it.
        from surveil.classify.networks import read_model

        return read_model(self._folder).network


class Classifier:
    """A model compiled for one device. Called by one thread at a time, in the inference process.

    Args:
        facts: Of the model.
        blueprint: Its network, such as :class:`StoredNetwork`.
        device: ``cpu`` or ``cuda:N``.
        engine: What runs the network.
        max_batch: More crops than this are run in several batches, so that memory stays bounded
            however many faces the cameras show.
        threads: CPU threads of the network; ``None`` leaves it to the engine.
        kept: Where it is looked for compiled; see :func:`~surveil.engines.compile_network`.
        taxonomy: Classes to tell apart; the others get a score of 0. ``None`` is all the model's.
    """

    def __init__(
        self,
        facts: ModelFacts,
        blueprint: Blueprint,
        *,
        device: str = "cpu",
        engine: EngineName = EngineName.AUTO,
        max_batch: int = 64,
        threads: int | None = None,
        taxonomy: Taxonomy | None = None,
        kept: KeptNetworks | None = None,
    ) -> None:
        if max_batch < 1:
            raise ValueError(f"max_batch must be at least 1, not {max_batch}")
        self.facts = facts
        self.max_batch = max_batch
        self._taxonomy = taxonomy or self.facts.taxonomy
        if lacking := [e for e in self._taxonomy.classes if e not in self.facts.classes]:
            raise ModelError(
                f"{self.name} cannot tell {', '.join(lacking)}, which the taxonomy "
                f"{self._taxonomy.name!r} asks for; it knows {', '.join(self.facts.classes)}"
            )
        side = facts.input.crop_px
        self._network: Network = compile_network(
            blueprint,
            device=device,
            example_shape=(2, facts.architecture.channels, side, side),
            engine=engine,
            threads=threads,
            kept=kept,
        )

    @classmethod
    def load(
        cls,
        folder: Path,
        device: str = "cpu",
        *,
        engine: EngineName = EngineName.AUTO,
        max_batch: int = 64,
        threads: int | None = None,
        taxonomy: Taxonomy | None = None,
        precision: Precision = Precision.FLOAT32,
        kept: KeptNetworks | None = None,
    ) -> Classifier:
        """Read a model's folder and compile it.

        Args:
            precision: On a CPU; a model that has no network in 8 bits runs in float32.

        Raises:
            ModelError: The folder does not hold a sound model, or one of too few classes.
        """
        facts = read_facts(folder)
        return cls(
            facts,
            StoredNetwork(folder, facts, precision if facts.int8_sha256 else Precision.FLOAT32),
            device=device,
            engine=engine,
            max_batch=max_batch,
            threads=threads,
            taxonomy=taxonomy,
            kept=kept,
        )

    @property
    def name(self) -> str:
        """``emotion-resnet18@1a2b3c4``: names exactly these weights."""
        return self.facts.versioned_name

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return calibrated scores for faces as :func:`~surveil.classify.crop_face` cuts them.

        Args:
            crops: RGB ``(h, w, 3)`` each, of any sizes and any cameras; may be empty.

        Returns:
            Shape ``(N, 7)`` in the order of ``EMOTIONS``; rows sum to 1, and what the model or the
            taxonomy does not know is 0. A crop's scores do not depend on the others by more than
            rounding.
        """
        scores = np.zeros((len(crops), len(EMOTIONS)), np.float32)
        known = self.facts.taxonomy.indices
        for start in range(0, len(crops), self.max_batch):
            part = preprocess(crops[start : start + self.max_batch], self.facts.preprocessing)
            (logits,) = self._network(part)
            scores[start : start + len(part), known] = self.facts.calibration.scores(logits)
        if len(self._taxonomy.classes) < len(known):
            chosen = restrict(scores, self._taxonomy)
            scores = np.zeros_like(scores)
            scores[:, self._taxonomy.indices] = chosen
        return scores
