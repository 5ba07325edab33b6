"""Fit the temperature that makes scores honest, on validation data only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from surveil.classify import softmax
from surveil.training.metrics import log_loss

LOW, HIGH = 0.1, 10.0
_GOLDEN = (math.sqrt(5) - 1) / 2


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the temperature of the lowest log-loss, within 0.1 to 10.

    Guo et al. 2017, section 4.2. The log-loss is convex in the inverse temperature, so a
    golden-section search over its logarithm finds the only minimum.

    Args:
        logits: Shape ``(N, K)``; of faces that nothing was fitted to.
        labels: Shape ``(N,)``; no faces at all give 1.
    """
    if not len(labels):
        return 1.0
    low, high = math.log(LOW), math.log(HIGH)
    while high - low > 1e-4:
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        losses = [log_loss(labels, softmax(logits, math.exp(at))) for at in (left, right)]
        low, high = (low, right) if losses[0] < losses[1] else (left, high)
    return math.exp((low + high) / 2)
