"""Make scores honest: a temperature, and the label smoothing undone; on validation data only."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.classify import softmax
from surveil.training.metrics import Labels, Scores, log_loss

LOW, HIGH = 0.1, 10.0
MOST_SMOOTHING = 0.5
SOFTNESS = 0.005
"""Scores this far below the floor of a smoothed network still differ noticeably; see
:func:`unsmoothed`. The log-loss on validation folds is flat from 0.003 to 0.01."""

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class Calibration:
    """How logits become scores; ``smoothing`` 0 is plain temperature scaling."""

    temperature: float = 1.0
    smoothing: float = 0.0

    def scores(self, logits: NDArray[np.float32]) -> Scores:
        """Return scores ``(N, K)`` of logits ``(N, K)``; rows sum to 1, their order is kept."""
        return unsmoothed(softmax(logits, self.temperature), self.smoothing)


def unsmoothed(scores: Scores, smoothing: float) -> Scores:
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


def fit_temperature(logits: NDArray[np.float32], labels: Labels, smoothing: float = 0.0) -> float:
    """Return the temperature of the lowest log-loss, within 0.1 to 10.

    Guo et al. 2017, section 4.2. The log-loss is convex in the inverse temperature, so a
    golden-section search over its logarithm finds the only minimum.

    Args:
        logits: Shape ``(N, K)``; of faces that nothing was fitted to.
        labels: Shape ``(N,)``; no faces at all give 1.
        smoothing: To undo as well; with it the minimum is a single one in practice only.
    """
    if not len(labels):
        return 1.0

    def loss(log_temperature: float) -> float:
        calibration = Calibration(math.exp(log_temperature), smoothing)
        return log_loss(labels, calibration.scores(logits))

    return math.exp(_lowest(loss, math.log(LOW), math.log(HIGH), 1e-4))


def fit_calibration(logits: NDArray[np.float32], labels: Labels) -> Calibration:
    """Return temperature and smoothing of the lowest log-loss.

    Two numbers, fitted to faces that nothing else was fitted to; with fewer than 200 of these the
    smoothing stays 0.

    Args:
        logits: Shape ``(N, K)``.
        labels: Shape ``(N,)``.
    """
    if len(labels) < 200:
        return Calibration(fit_temperature(logits, labels))

    def loss(smoothing: float) -> float:
        calibration = Calibration(fit_temperature(logits, labels, smoothing), smoothing)
        return log_loss(labels, calibration.scores(logits))

    smoothing = _lowest(loss, 0.0, MOST_SMOOTHING, 5e-3)
    if loss(0.0) <= loss(smoothing):
        smoothing = 0.0
    return Calibration(fit_temperature(logits, labels, smoothing), smoothing)


def _lowest(function: Callable[[float], float], low: float, high: float, width: float) -> float:
    """Return where a function of one minimum is lowest (golden-section search, Kiefer 1953)."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > width:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return (low + high) / 2
