"""A network with a second head for the annotators' votes."""

from __future__ import annotations

from torch import Tensor, nn

from surveil.classify.networks import build_network
from surveil.domain import EMOTIONS
from surveil.training.config import TrainConfig


class TwoHeads(nn.Module):
    """A network with a second head that learns the annotators' votes.

    The first scores the run's K classes, the second always all seven that annotators chose from.
    A model has one of them, as its export was asked for.
    """

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.network = build_network(config.architecture, len(config.classes.classes))
        self.votes = nn.Linear(self.network.fc.in_features, len(EMOTIONS))

    def forward(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits ``(N, K)`` and those of the votes ``(N, 7)``."""
        features = self.network.dropout(self.network.features(batch))
        return self.network.fc(features), self.votes(features)
