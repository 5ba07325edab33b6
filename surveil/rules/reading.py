"""What a measure says about a window: a value, that nobody was there, or that it cannot know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from surveil.domain import Emotion
from surveil.rules.baselines import Baseline, Lookback

MIN_COVERAGE = 0.5
"""Least part of a window that must have been analysed for its measures to be known.

Half: one lost interval of a short window does not blind a rule, and a window of which most is
missing never speaks for the rest.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure of one window.

    ``known`` without a ``value`` means that the window was seen and held nothing to measure (no
    face): every comparison with it is false.

    Attributes:
        known: Whether the measure can be told.
        value: What was measured.
        persists: Not known, but nothing speaks against it either: what was true stays true.
    """

    known: bool
    value: float | None = None
    persists: bool = False


UNKNOWN = Reading(known=False)
NOBODY = Reading(known=True)


@dataclass(frozen=True, slots=True)
class Silence:
    """For how long something was missed.

    Attributes:
        total_s: In all; infinite for what never came.
        watched_s: The part of it in which it would have been noticed.
        is_excused: Whether it is known to be nobody's fault, or another's.
    """

    total_s: float
    watched_s: float
    is_excused: bool = False


@dataclass(frozen=True, slots=True)
class Vote:
    """One track's vote in one interval; ``scores`` in the order of ``EMOTIONS``."""

    run: str
    track_id: int
    emotion: Emotion
    confidence: float
    scores: tuple[float, ...]


class View(Protocol):
    """What a measure may look at: the past of one key (camera, track or site) up to one instant.

    Called by conditions during one evaluation.
    """

    def coverage(self, over_s: float) -> float:
        """Return the analysed part of the last ``over_s`` seconds, 0..1, mean over the cameras."""

    def votes(self, over_s: float) -> Sequence[Vote]:
        """Return the key's votes of the last ``over_s`` seconds."""

    def face_counts(
        self, over_s: float, emotion: Emotion | None = None, least: float = 0.0
    ) -> Sequence[Sequence[int]]:
        """Return per camera how many faces of each analysed interval show an emotion.

        Args:
            over_s: Length of the window.
            emotion: None for any.
            least: Confidence that they have at least.
        """

    def beginnings(self, over_s: float, is_on: Callable[[Vote], bool]) -> int:
        """Return how often, in the window, a track's votes became such as ``is_on`` accepts.

        Counted is the first accepted vote of a track, and each one after a vote that was not; a
        track that began before the window is judged by its votes from before.
        """

    def baselines(self, lookback: Lookback) -> Sequence[Baseline | None]:
        """Return what is usual at each camera in this hour, in the order of :meth:`face_counts`."""

    def blindness(self) -> Silence:
        """Return for how long no frame of the camera was analysed."""

    def absence(self) -> Silence:
        """Return for how long no event at all came of one of the cameras."""
