"""Make scores honest: a temperature, and the label smoothing undone; on validation data only."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from surveil.models.calibration import MOST_SMOOTHING, Calibration
from surveil.training.measure.metrics import ClassIndices, log_loss

LOW, HIGH = 0.1, 10.0

_GOLDEN = (math.sqrt(5) - 1) / 2


def fit_temperature(
    logits: NDArray[np.float32], labels: ClassIndices, smoothing: float = 0.0
) -> float:
    """Return the temperature of the lowest log-loss, within 0.1 to 10.

    Guo et al. 2017, section 4.2. The log-loss is convex in the inverse temperature, so a
    golden-section search over its logarithm finds the only minimum.

    Args:
        logits: Shape ``(N, K)``; of faces that the network was not trained on.
        labels: Shape ``(N,)``; no faces at all give 1.
        smoothing: To undo as well; with it the minimum is a single one in practice only.
    """
    if not len(labels):
        return 1.0

    def loss(log_temperature: float) -> float:
        calibration = Calibration(math.exp(log_temperature), smoothing)
        return log_loss(labels, calibration.scores(logits))

    return math.exp(_lowest(loss, math.log(LOW), math.log(HIGH), 1e-4))


def fit_calibration(logits: NDArray[np.float32], labels: ClassIndices) -> Calibration:
    """Return temperature and smoothing of the lowest log-loss.

    Two numbers; with fewer than 200 faces the smoothing stays 0. The faces may have chosen the
    epoch, as an export's have: that is one choice among few, and biases two numbers little; they
    must not have been trained on.

    Args:
        logits: Shape ``(N, K)``; of faces that the network was not trained on.
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
