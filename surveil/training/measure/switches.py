"""Made-up courses of a face whose expression switches at known times, from pools of scores. Pure.

A pool holds, per emotion, the scores of several views of several images. A course shows one image
of the present emotion at a time, and a random view of it in each frame: what differs between views
is noise from frame to frame, what differs between images stays wrong for as long as an image is
shown. Real cameras lie between a new image in every frame and one image for a whole spell.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from surveil.domain import EMOTIONS
from surveil.training.measure.over_time import Course, Spell

Pool = Mapping[int, NDArray[np.float32]]
"""Index into ``EMOTIONS`` to scores of shape ``(images, views, 7)``; two emotions at least."""


def make_truth(
    random: np.random.Generator,
    length_s: float,
    emotions: tuple[int, ...],
    dwell_s: tuple[float, float] = (2.0, 8.0),
) -> tuple[Spell, ...]:
    """Return spells over ``[0, length_s)``: a Markov chain over emotions, dwells drawn evenly.

    Args:
        random: Source of chance.
        length_s: Length; the last spell may be shorter than the least dwell.
        emotions: Indices into ``EMOTIONS``, two at least; each other one is as likely to be next.
        dwell_s: Shortest and longest spell.
    """
    spells: list[Spell] = []
    at_s, label = 0.0, int(random.choice(emotions))
    while at_s < length_s:
        end_s = min(at_s + random.uniform(*dwell_s), length_s)
        spells.append(Spell(at_s, end_s, label))
        at_s, label = end_s, int(random.choice([e for e in emotions if e != label]))
    return tuple(spells)


def make_course(
    random: np.random.Generator,
    pool: Pool,
    *,
    length_s: float,
    fps: float,
    redraw_s: float,
    dwell_s: tuple[float, float] = (2.0, 8.0),
) -> Course:
    """Return one course over a pool's emotions.

    Args:
        random: Source of chance.
        pool: Scores to draw from.
        length_s: Length.
        fps: Frames per second, from a random phase.
        redraw_s: Mean time for which an image is shown before another of the same emotion takes its
            place, at random instants; 0 is a new one in each frame, infinity one per spell.
        dwell_s: Shortest and longest spell.
    """
    truth = make_truth(random, length_s, tuple(sorted(pool)), dwell_s)
    times_s = np.arange(random.uniform(0, 1 / fps), length_s, 1 / fps)
    redraws = 1.0 if redraw_s == 0 else -np.expm1(-1 / fps / redraw_s)
    scores = np.empty((len(times_s), len(EMOTIONS)), np.float32)
    spell = image = -1
    for i, at_s in enumerate(times_s):
        before = spell
        while spell < 0 or truth[spell].to_s <= at_s:
            spell += 1
        views = pool[truth[spell].label]
        if spell != before or random.random() < redraws:
            image = int(random.integers(len(views)))
        scores[i] = views[image, random.integers(views.shape[1])]
    return Course(times_s, scores, truth)


def dirichlet_pool(
    random: np.random.Generator,
    *,
    emotions: tuple[int, ...] = tuple(range(len(EMOTIONS))),
    images: int = 200,
    views: int = 8,
    sureness: float = 2.0,
    steadiness: float = 8.0,
) -> Pool:
    """Return a pool that needs no data and no model.

    An image's mean scores are drawn from a Dirichlet distribution that favours its emotion; its
    views from one around that mean. With the defaults an image's mean is right in about two thirds
    of the cases, as a model of seven classes is on FER2013.

    Args:
        random: Source of chance.
        emotions: Indices into ``EMOTIONS``.
        images: Per emotion.
        views: Per image.
        sureness: Concentration on the true emotion, beside 0.25 on each other one.
        steadiness: Concentration of the views around their image's mean; large is no noise.
    """
    pool = {}
    for emotion in emotions:
        weights = np.full(len(EMOTIONS), 0.25)
        weights[emotion] = sureness
        means = random.dirichlet(weights, images)
        around = steadiness * means + 1e-3
        pool[emotion] = np.stack(
            [random.dirichlet(alpha, views) for alpha in around], dtype=np.float32
        )
    return pool
