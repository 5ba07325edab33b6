"""From logits to honest scores: a temperature, and the label smoothing of training undone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_SMOOTHING = 0.5
SOFTNESS = 0.005
"""Scores this far below the floor of a smoothed network still differ noticeably; see
:func:`unsmoothed`. The log-loss on validation folds is flat from 0.003 to 0.01."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How logits become scores; ``smoothing`` 0 is plain temperature scaling."""

    temperature: float = 1.0
    smoothing: float = 0.0

    def scores(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scores ``(N, K)`` of logits ``(N, K)``; rows sum to 1, their order is kept."""
        return unsmoothed(softmax(logits, self.temperature), self.smoothing)


def unsmoothed(scores: NDArray[np.float32], smoothing: float) -> NDArray[np.float32]:
    """Return what scores would be had the network not learned smoothed labels.

    Labels smoothed by ``e`` (Szegedy et al. 2016) leave ``e/K`` to each wrong class, so even what
    a network is sure of gets no more than ``1 - e + e/K``. No temperature repairs that: one that
    lifts the sure faces makes the doubtful ones boast. Here the floor ``e/K`` is taken off again.
    Scores below it would be negative; a hyperbola of the width :data:`SOFTNESS` takes the place of
    the kink at zero, so that the order of a row's scores stays as it was.

    Args:
        scores: Shape ``(N, K)``, rows sum to 1.
        smoothing: 0 to 0.5; 0 returns the scores as they are.
    """
    if smoothing == 0 or not len(scores):
        return scores
    above = scores.astype(np.float64) - smoothing / scores.shape[1]
    lifted = (above + np.sqrt(above**2 + 4 * SOFTNESS**2)) / 2
    return np.asarray(lifted / lifted.sum(axis=1, keepdims=True), np.float32)


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Return scores ``(N, K)`` that sum to 1 of logits ``(N, K)`` divided by a temperature."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    powers = np.exp(scaled)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
