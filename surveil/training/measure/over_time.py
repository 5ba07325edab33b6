"""Figures of what is said of a face over time, against a truth that changes. Pure.

Two things are told of a track. Each frame has an emotion, which is drawn on pictures; each second
has a vote, the mean of the smoothed scores of its frames, which is stored and which rules read.
Both are what the stage itself says (:mod:`surveil.intervals`), with one hysteresis, and are judged
here by the same definitions:

flip
    A change of the told emotion that the truth did not make. In each spell of the truth but the
    first, the first change to that spell's emotion is the truth's; every other change is a flip: to
    a wrong emotion, back from one, or to the right one a second time.
switch latency
    Time from a change of the truth to the first instant at which its new emotion is told, before
    the truth changes again, and from which on it is told without a break for :data:`HOLD_S`. A
    switch after which that never happens is missed, and has no latency. A switch is judged only if
    something was told of the track before it and at least :data:`HOLD_S` after it.
accuracy per second
    Share of the seconds with a vote in which the vote is what the truth is in their middle. A
    second is settled when no spell, the first one included, begins within :data:`SETTLED_S` of its
    middle.
unsure
    Share of the seconds with a vote whose confidence is below :data:`SURE`. The smoother itself
    never abstains; a rule's ``min_confidence`` does.

A frame's emotion is told at the frame's instant, a vote when its second is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.domain import EMOTIONS, Box, Detection
from surveil.intervals.hysteresis import Hysteresis
from surveil.intervals.readings import FaceReading
from surveil.intervals.smoothing import ScoreSmoother
from surveil.intervals.votes import Ballot

HOLD_S = 1.0
"""How long a new emotion must be told without a break until a switch counts as told."""

SETTLED_S = 1.0
"""A second's middle is farther than this from every change of the truth, or it is not settled."""

SURE = 0.5
"""Confidence from which on a vote is an answer; what the example rules ask for."""

_TRACK = 1
_ANYWHERE = Detection(Box(0.0, 0.0, 1.0, 1.0), 1.0, np.zeros((5, 2), np.float32))
_EPSILON_S = 1e-6


@dataclass(frozen=True, slots=True)
class Spell:
    """A time ``[from_s, to_s)`` in which the truth stays ``label``, an index into ``EMOTIONS``."""

    from_s: float
    to_s: float
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One face over time: what the classifier said of each frame, and what was so.

    Attributes:
        times_s: Instants of the T frames, growing, shape ``(T,)``.
        scores: The classifier's calibrated scores, unsmoothed, shape ``(T, 7)``; rows sum to 1.
        truth: Spells in order, without gaps; frames outside them are not judged.
        settled: The whole seconds that are settled; None for the definition of this module.
    """

    times_s: NDArray[np.float64]
    scores: NDArray[np.float32]
    truth: tuple[Spell, ...]
    settled: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What was told of a track: labels ``(T,)``, each from its instant ``(T,)`` to the next's."""

    times_s: NDArray[np.float64]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ToldFigures:
    """Flips and switch latencies, of frames or of votes.

    Attributes:
        minutes: Time over which tracks were told of.
        flips: Changes that the truth did not make.
        latencies_s: Of the switches told, in order.
        missed: Switches never told.
    """

    minutes: float
    flips: int
    latencies_s: tuple[float, ...]
    missed: int

    @property
    def flips_per_minute(self) -> float:
        return self.flips / self.minutes if self.minutes else 0.0

    @property
    def missed_share(self) -> float:
        """Share of the judged switches that were never told."""
        return self.missed / max(self.missed + len(self.latencies_s), 1)

    def latency_s(self, percent: float) -> float:
        """Return a percentile of the latencies of told switches; NaN where there are none."""
        return float(np.percentile(self.latencies_s, percent)) if self.latencies_s else float("nan")


@dataclass(frozen=True, slots=True)
class OverTime:
    """All figures of a set of courses under one setting of the smoother.

    Attributes:
        frames: Of the emotion of each frame.
        votes: Of the vote of each second.
        seconds: Seconds with a vote.
        right: Those whose vote is right.
        settled: Those that are settled.
        settled_right: Those that are settled and right.
        unsure: Those with less confidence than :data:`SURE`.
    """

    frames: ToldFigures
    votes: ToldFigures
    seconds: int
    right: int
    settled: int
    settled_right: int
    unsure: int

    @property
    def accuracy(self) -> float:
        """Accuracy per second, of all seconds: what lags behind a switch is wrong."""
        return self.right / max(self.seconds, 1)

    @property
    def settled_accuracy(self) -> float:
        """Accuracy per second, of settled seconds."""
        return self.settled_right / max(self.settled, 1)

    @property
    def unsure_share(self) -> float:
        return self.unsure / max(self.seconds, 1)


def label_at(truth: Sequence[Spell], at_s: float) -> int | None:
    """Return what is so at an instant; None outside all spells."""
    return next((s.label for s in truth if s.from_s <= at_s < s.to_s), None)


def is_settled(truth: Sequence[Spell], at_s: float) -> bool:
    """Return whether no spell begins within :data:`SETTLED_S` of an instant."""
    return all(abs(at_s - spell.from_s) > SETTLED_S for spell in truth)


def count_flips(told: Told, truth: Sequence[Spell]) -> int:
    """Return how many changes of what was told, within the truth, the truth did not make."""
    flips = 0
    excused = {0}  # the spells, by place, whose own change has come
    for i in range(1, len(told.labels)):
        label, at_s = int(told.labels[i]), float(told.times_s[i])
        if label == told.labels[i - 1]:
            continue
        place = next((n for n, s in enumerate(truth) if s.from_s <= at_s < s.to_s), None)
        if place is None:
            continue
        if place not in excused and truth[place].label == label:
            excused.add(place)
        else:
            flips += 1
    return flips


def switch_latencies(told: Told, truth: Sequence[Spell]) -> list[float | None]:
    """Return the latency in seconds of each judged switch; None where it was missed."""
    latencies: list[float | None] = []
    for spell in truth[1:]:
        start = int(np.searchsorted(told.times_s, spell.from_s - _EPSILON_S))
        if start == 0 or told.times_s[-1] < spell.from_s + HOLD_S - _EPSILON_S:
            continue
        latencies.append(_latency(told, spell, start))
    return latencies


def _latency(told: Told, spell: Spell, start: int) -> float | None:
    """Look for the first hold of the spell's emotion; what was told last before it still holds."""
    candidates = [(spell.from_s, start)] if told.labels[start - 1] == spell.label else []
    stop = int(np.searchsorted(told.times_s, spell.to_s - _EPSILON_S))
    candidates += [
        (float(told.times_s[i]), i) for i in range(start, stop) if told.labels[i] == spell.label
    ]
    for at_s, i in candidates:
        end = int(np.searchsorted(told.times_s, at_s + HOLD_S + _EPSILON_S))
        is_seen = told.times_s[-1] >= at_s + HOLD_S - _EPSILON_S
        if is_seen and (told.labels[i:end] == spell.label).all():
            return at_s - spell.from_s
    return None


def smooth(course: Course, tau_s: float, hysteresis: float) -> tuple[NDArray[np.float32], Told]:
    """Return a course's smoothed scores ``(T, 7)`` and the emotion of each frame."""
    smoother = ScoreSmoother(tau_s=tau_s, hysteresis=hysteresis)
    smoothed = np.empty_like(course.scores)
    labels = np.empty(len(course.scores), np.int64)
    for i, at_s in enumerate(course.times_s):
        smoothed[i] = smoother.update(_TRACK, course.scores[i], float(at_s))
        labels[i] = EMOTIONS.index(smoother.emotion(_TRACK))
    return smoothed, Told(course.times_s, labels)


def vote(
    times_s: NDArray[np.float64], scores: NDArray[np.float32], hysteresis: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the votes of the whole seconds that have a frame, as interval events carry them.

    Args:
        times_s: Shape ``(T,)``, growing.
        scores: Smoothed, shape ``(T, 7)``.
        hysteresis: 0..1.

    Returns:
        The S seconds, their labels and the means of those labels, each of shape ``(S,)``.
    """
    seconds = np.floor(times_s + _EPSILON_S).astype(np.int64)
    ballots: dict[int, Ballot] = {}
    for second, row in zip(seconds.tolist(), scores.tolist(), strict=True):
        face = FaceReading(_TRACK, _ANYWHERE, tuple(row), EMOTIONS[0])
        ballots.setdefault(second, Ballot()).add(face, (1, 1), 0)
    told = Hysteresis(hysteresis)
    votes = [ballot.votes(told)[0] for ballot in ballots.values()]
    return (
        np.array(list(ballots), np.int64),
        np.array([EMOTIONS.index(one.emotion) for one in votes], np.int64),
        np.array([one.confidence for one in votes], np.float64),
    )


def measure(courses: Sequence[Course], *, tau_s: float, hysteresis: float) -> OverTime:
    """Return the figures of courses under one setting.

    Args:
        courses: Each a track of its own.
        tau_s: Time constant of the smoother; 0 smooths nothing.
        hysteresis: Of the emotion of a frame and of the vote of a second.
    """
    frames: list[tuple[Told, tuple[Spell, ...]]] = []
    votes: list[tuple[Told, tuple[Spell, ...]]] = []
    seconds = right = settled = settled_right = unsure = 0
    for course in courses:
        smoothed, told = smooth(course, tau_s, hysteresis)
        frames.append((told, course.truth))
        when, labels, confidence = vote(course.times_s, smoothed, hysteresis)
        votes.append((Told((when + 1).astype(np.float64), labels), course.truth))
        for second, label, sure in zip(when.tolist(), labels, confidence, strict=True):
            so = label_at(course.truth, second + 0.5)
            if so is None:
                continue
            calm = (
                is_settled(course.truth, second + 0.5)
                if course.settled is None
                else second in course.settled
            )
            seconds += 1
            right += label == so
            settled += calm
            settled_right += calm and label == so
            unsure += sure < SURE
    return OverTime(
        frames=_figures(frames),
        votes=_figures(votes),
        seconds=seconds,
        right=int(right),
        settled=int(settled),
        settled_right=int(settled_right),
        unsure=int(unsure),
    )


def _figures(pairs: Sequence[tuple[Told, tuple[Spell, ...]]]) -> ToldFigures:
    latencies = [one for told, truth in pairs for one in switch_latencies(told, truth)]
    return ToldFigures(
        minutes=sum(float(t.times_s[-1] - t.times_s[0]) for t, _ in pairs if len(t.times_s)) / 60,
        flips=sum(count_flips(told, truth) for told, truth in pairs),
        latencies_s=tuple(one for one in latencies if one is not None),
        missed=sum(one is None for one in latencies),
    )
