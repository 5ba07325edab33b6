"""How steadily a model tells the expression of one face over time, with smoothing and without.

Courses are made up of test faces whose expression switches at known times
(:mod:`surveil.training.measure.switches`): five frames a second, the person shown by another
picture of the same expression about every second, and each frame as a camera would give it anew:
the box off by a bit, other light, noise, compression. They are judged by
:mod:`surveil.training.measure.over_time`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.config.schema import Inference
from surveil.domain import EMOTIONS
from surveil.models import Preprocessing
from surveil.models.taxonomy import Taxonomy
from surveil.training.measure.over_time import OverTime, measure
from surveil.training.measure.robustness import Condition, Crop, compressed, jittered, spoil
from surveil.training.measure.switches import Pool, make_course

IMAGES = 40
"""Faces of each expression, drawn by chance where there are more."""

FEWEST_IMAGES = 5
"""An expression with fewer faces is left out."""

VIEWS = 6
FPS = 5.0
REDRAW_S = 1.0
COURSES = 20
COURSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Figures over time under one setting of the smoother.

    Attributes:
        tau_s: Time constant; 0 smooths nothing.
        hysteresis: Lead that another expression needs.
        flips_per_minute: Changes of what is told of a frame that the truth did not make.
        latency_p50_s: From a switch to the instant from which it is told for a second; ``None``
            where none was told.
        latency_p95_s: Likewise.
        missed: Share of the switches that were never told.
        seconds_right: Share of the seconds whose vote is right.
    """

    tau_s: float
    hysteresis: float
    flips_per_minute: float
    latency_p50_s: float | None
    latency_p95_s: float | None
    missed: float
    seconds_right: float


@dataclass(frozen=True, slots=True)
class SwitchStudy:
    """What smoothing makes of the same courses.

    Attributes:
        expressions: Those that the courses switch between.
        minutes: Length of all courses.
        plain: Without smoothing.
        smoothed: As served unless configured otherwise.
    """

    expressions: tuple[str, ...]
    minutes: float
    plain: Steadiness
    smoothed: Steadiness


def seen_anew(crop: Crop, random: np.random.Generator) -> Crop:
    """Return a face as another frame of the same camera would give it."""
    moved = jittered(crop, random, share=0.04)
    noisy = moved * random.uniform(0.88, 1.12) + random.normal(0, 4.0, moved.shape)
    return compressed(np.clip(noisy, 0, 255).astype(np.uint8), random, quality=60)


def make_pool(
    frames: Crop,
    labels: NDArray[np.int64],
    taxonomy: Taxonomy,
    how: Preprocessing,
    scores: Callable[[Crop], NDArray[np.float32]],
    seed: int = 0,
) -> Pool:
    """Return the scores of several views of some faces of each expression.

    Args:
        frames: N squares.
        labels: Indices of the taxonomy's K classes, shape ``(N,)``.
        taxonomy: The model's.
        how: The model's preprocessing.
        scores: Gives the calibrated scores ``(N, K)`` of frames of that preprocessing.
        seed: Of what is drawn.
    """
    random = np.random.default_rng(seed)
    pool = {}
    for place, emotion in enumerate(taxonomy.indices.tolist()):
        at = np.flatnonzero(labels == place)
        if len(at) < FEWEST_IMAGES:
            continue
        chosen = frames[np.sort(random.permutation(at)[:IMAGES])]
        anew = Condition("seen anew", seen_anew)
        views = [
            scores(spoil(chosen, anew, how, seed=seed * VIEWS + view)) for view in range(VIEWS)
        ]
        rows = np.zeros((len(chosen), VIEWS, len(EMOTIONS)), np.float32)
        rows[:, :, taxonomy.indices] = np.stack(views, axis=1)
        pool[emotion] = rows
    return pool


def study_switches(pool: Pool, seed: int = 0) -> SwitchStudy | None:
    """Return the figures of made-up courses over a pool; None of fewer than two expressions."""
    if len(pool) < 2:
        return None
    random = np.random.default_rng(seed)
    courses = [
        make_course(random, pool, length_s=COURSE_S, fps=FPS, redraw_s=REDRAW_S)
        for _ in range(COURSES)
    ]

    def under(tau_s: float, hysteresis: float) -> Steadiness:
        found = measure(courses, tau_s=tau_s, hysteresis=hysteresis)
        return _steadiness(tau_s, hysteresis, found)

    names = tuple(EMOTIONS[emotion].value for emotion in sorted(pool))
    minutes = COURSES * COURSE_S / 60
    served = Inference()
    smoothed = under(served.smoothing_tau_s, served.hysteresis)
    return SwitchStudy(names, minutes, under(0.0, 0.0), smoothed)


def _steadiness(tau_s: float, hysteresis: float, found: OverTime) -> Steadiness:
    told = found.frames
    is_told = bool(told.latencies_s)
    return Steadiness(
        tau_s=tau_s,
        hysteresis=hysteresis,
        flips_per_minute=told.flips_per_minute,
        latency_p50_s=told.latency_s(50) if is_told else None,
        latency_p95_s=told.latency_s(95) if is_told else None,
        missed=told.missed_share,
        seconds_right=found.accuracy,
    )
