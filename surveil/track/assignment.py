"""Which detection is which track."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from surveil.domain import Box
from surveil.track.motion import Motion, centre_of, size_of
from surveil.track.options import TrackerOptions

_IMPOSSIBLE = 1e6


def assign(
    motions: Sequence[tuple[Motion, float]], boxes: Sequence[Box], options: TrackerOptions
) -> list[tuple[int, int]]:
    """Pair tracks with detections so that their joint likelihood is highest.

    Centres are compared, in sizes of the face, and not overlaps: at five frames a second a walking
    face is two of its widths further on in the next frame. As many pairs as the gates allow are
    made; among those, the likeliest.

    Args:
        motions: Predicted to the time of the detections, each with the seconds since it was seen.
        boxes: Detections in pixels.
        options: Gates.

    Returns:
        Pairs of indices into ``motions`` and ``boxes``.
    """
    if not motions or not boxes:
        return []
    costs = np.array(
        [[_cost(m, unseen_s, box, options) for box in boxes] for m, unseen_s in motions]
    )
    rows, columns = linear_sum_assignment(costs)
    return [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if costs[row, column] < _IMPOSSIBLE
    ]


def _cost(motion: Motion, unseen_s: float, box: Box, options: TrackerOptions) -> float:
    """Return the negative log likelihood of a pair, or ``_IMPOSSIBLE`` outside the gates."""
    growth = math.log(max(size_of(box), 1.0) / motion.size)
    if abs(growth) > math.log(options.size_ratio):
        return _IMPOSSIBLE
    centre, deviation = centre_of(box), motion.deviation_px
    gate = options.gate_sigmas * deviation
    gate = min(max(gate, options.gate_least * motion.size), options.gate_most * motion.size)
    away = float(np.hypot(*(centre - motion.position)))
    reached = away
    if unseen_s <= options.stop_within_s:
        reached = distance_to_segment(centre, motion.last_seen_position, motion.position)
    if reached > gate:
        return _IMPOSSIBLE
    return (
        (away / deviation) ** 2 / 2
        + 2 * math.log(deviation)
        + (growth / motion.size_deviation) ** 2 / 2
        + math.log(motion.size_deviation)
    )


def distance_to_segment(
    point: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> float:
    """Return how far a point ``(2,)`` is from the nearest one between ``start`` and ``end``."""
    along = end - start
    length = float(along @ along)
    share = 0.0 if length == 0 else min(max(float((point - start) @ along) / length, 0.0), 1.0)
    return float(np.hypot(*(point - start - share * along)))
