"""Which detection is which track."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import lap
import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box
from surveil.track.motion import Motion, centre_of, size_of
from surveil.track.options import TrackerOptions

_IMPOSSIBLE = 1e6
_LEAST = 1e-300  # keeps a logarithm finite


@dataclass(frozen=True, slots=True)
class Pair:
    """A track and a detection by their indices.

    ``is_sudden`` where it would have set off at once, rather than gone on or stopped.
    """

    track: int
    detection: int
    is_sudden: bool


def assign(
    motions: Sequence[tuple[Motion, bool]],
    boxes: Sequence[Box],
    options: TrackerOptions,
    frame_size: tuple[int, int] | None,
) -> list[Pair]:
    """Pair tracks with detections so that the likelihood of all together is highest.

    What is weighed is that a track moved to a detection, that a track was missed, and that a
    detection is a newcomer (global nearest neighbour; Blackman and Popoli, Design and Analysis of
    Modern Tracking Systems, section 6.4). Centres are compared in sizes of the face, not overlaps:
    at five frames a second a walking face is two of its widths further on in the next frame.

    Args:
        motions: Predicted to the time of the detections, each with whether the face was detected
            in the frame before.
        boxes: Detections in pixels.
        options: Rates and gates.
        frame_size: Width and height of the picture; where it is unknown, newcomers are as likely
            everywhere as they are at the edge.

    Returns:
        The pairs; whoever is in none was missed, or is a newcomer.
    """
    if not motions or not boxes:
        return []
    count = len(motions)
    rates = [newcomer_rate(box, frame_size, options) for box in boxes]
    costs = np.full((count, len(boxes) + count), _IMPOSSIBLE)
    within = _within_reach([motion for motion, _ in motions], boxes, options.reach)
    for row, (motion, was_seen) in enumerate(motions):
        detected = options.seen_again if was_seen else options.found_again
        costs[row, len(boxes) + row] = -math.log(1 - detected)
        for column in np.flatnonzero(within[row]).tolist():
            likelihood = _likelihood(motion, boxes[column], options)
            if likelihood is not None:
                ratio = sum(likelihood) * detected / rates[column]
                costs[row, column] = -math.log(max(ratio, _LEAST))
    pairs = []
    _, columns, _ = lap.lapjv(costs, extend_cost=True)
    for track, detection in enumerate(columns.tolist()):
        if detection < len(boxes):
            likelihood = _likelihood(motions[track][0], boxes[detection], options)
            is_sudden = likelihood is not None and likelihood[1] > likelihood[0]
            pairs.append(Pair(track, detection, is_sudden))
    return pairs


def newcomer_rate(box: Box, frame_size: tuple[int, int] | None, options: TrackerOptions) -> float:
    """Return how many new faces like this one are expected, in the unit of ``enter_rate``."""
    if frame_size is None:
        return options.enter_rate
    width, height = frame_size
    inside = min(box.x1, box.y1, width - box.x2, height - box.y2)
    return options.enter_rate if inside < options.edge * size_of(box) else options.appear_rate


def _within_reach(
    motions: Sequence[Motion], boxes: Sequence[Box], reach: float
) -> NDArray[np.bool_]:
    """Return which detections are not too far from which tracks, ``(T, D)``, with some that are.

    A crowd of 500 has 250,000 pairs, nearly all of them far apart.
    """
    starts = np.array([motion.last_seen_position for motion in motions])
    ends = np.array([motion.position for motion in motions])
    centres = np.array([centre_of(box) for box in boxes])
    away = np.linalg.norm(centres - ((starts + ends) / 2)[:, None], axis=2)
    on_the_way = np.linalg.norm(ends - starts, axis=1) / 2
    farthest = on_the_way + reach * np.array([motion.size for motion in motions])
    return np.asarray(away <= farthest[:, None] + 1)  # a pixel for rounding


def _likelihood(motion: Motion, box: Box, options: TrackerOptions) -> tuple[float, float] | None:
    """Return the density of a detection given a track that went on or stopped, and that set off.

    The unit is that of ``enter_rate``: per square size of the picture and per e-fold of size.
    ``None`` where it cannot be the track.
    """
    growth = math.log(max(size_of(box), 1.0) / motion.size)
    centre = centre_of(box)
    aside = distance_to_segment(centre, motion.last_seen_position, motion.position) / motion.size
    if abs(growth) > math.log(options.size_ratio) or aside > options.reach:
        return None
    away = math.dist(centre, motion.position) / motion.size
    went_on = _bell(away, motion.deviation) * _bell(0, motion.deviation)
    # A face that stopped may be anywhere on its way: people do not slow down before they stop.
    travelled = math.dist(motion.last_seen_position, motion.position) / motion.size
    spread = math.sqrt(2) * options.box_noise
    stopped = _bell(aside, spread) / (travelled + 1 / _bell(0, spread))
    loose = math.hypot(motion.deviation, options.start_speed * motion.unseen_s)
    set_off = _bell(away, loose) * _bell(0, loose)
    same_size = _bell(growth, motion.size_deviation)
    half_hidden = 1 / (2 * math.log(options.size_ratio))
    size = (1 - options.hidden_share) * same_size + options.hidden_share * half_hidden
    usual = (1 - options.stop_share - options.start_share) * went_on + options.stop_share * stopped
    return usual * size, options.start_share * set_off * size


def _bell(distance: float, deviation: float) -> float:
    """Return the density of a normal distribution."""
    return math.exp(-((distance / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))


def distance_to_segment(
    point: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> float:
    """Return how far a point ``(2,)`` is from the nearest one between ``start`` and ``end``."""
    along = end - start
    length = float(along @ along)
    share = 0.0 if length == 0 else min(max(float((point - start) @ along) / length, 0.0), 1.0)
    return math.dist(point, start + share * along)
