"""The hook between building an event and spooling it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from surveil.domain import EMOTIONS, HIDDEN, Crowd, Event, IntervalEvent


class Mode(StrEnum):
    """Whether single faces are told of, or groups alone."""

    INDIVIDUAL = "individual"
    AGGREGATE = "aggregate"


class Area(StrEnum):
    """What kind of place a camera looks at."""

    PUBLIC = "public"
    WORKPLACE = "workplace"
    EDUCATION = "education"
    MEDICAL = "medical"
    PRIVATE = "private"


FORBIDDEN_AREAS = frozenset({Area.WORKPLACE, Area.EDUCATION})
"""Where the law allows to infer emotions for medical or safety reasons only."""


class LiveView(StrEnum):
    """What whoever watches sees of a camera: nothing, faces made unrecognisable, or all."""

    OFF = "off"
    BLURRED = "blurred"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Policy:
    """What may leave the process in which a camera's faces are known.

    It holds for events, and for all else that this process writes of faces: counters, readings for
    a live view, its log. What it forbids exists in that process's memory alone.

    Attributes:
        keeps_tracks: Whether single faces may be told of: votes, and how many there were.
        min_group: Of how many people at least the sums may be told where single ones may not; None
            where nothing at all may.
    """

    keeps_tracks: bool
    min_group: int | None = None


INDIVIDUAL = Policy(keeps_tracks=True)
"""All that an event can hold may be told."""


def apply(event: Event, policy: Policy) -> Event:
    """Return what a policy leaves of an event.

    Called for every event, once, by whoever built it and before anything else sees it.

    Args:
        event: As it was built; unchanged.
        policy: Of the event's camera.

    Returns:
        The event itself where nothing is forbidden. Without its tracks an interval still tells that
        it was analysed, and by how many frames: silence never looks like a gap. How many frames
        were spared goes too: it tells whether somebody moved.
    """
    if policy.keeps_tracks or not isinstance(event, IntervalEvent):
        return event
    crowd = None if policy.min_group is None else _crowd_of(event, policy.min_group)
    return replace(event, tracks=(), crowd=crowd, frames=replace(event.frames, gated=0))


def people_of(event: IntervalEvent) -> int:
    """Return how many different people were surely there: the mean faces of a frame, rounded up.

    A track may break, and one person who comes and goes has many; but on one frame a person has one
    face. As many faces as there are on the average frame were there at once on some frame.
    """
    analysed = event.frames.analysed
    if analysed == 0:
        return 0
    return -(-sum(min(vote.frames, analysed) for vote in event.tracks) // analysed)


def _crowd_of(event: IntervalEvent, min_group: int) -> Crowd:
    """Return the sums over all tracks, or nothing where there were fewer people."""
    if people_of(event) < min_group:
        return HIDDEN
    tracks = event.tracks
    votes = tuple(sum(vote.emotion == emotion for vote in tracks) for emotion in EMOTIONS)
    means = (sum(column) / len(tracks) for column in zip(*(t.scores for t in tracks), strict=True))
    confidence = sum(vote.confidence for vote in tracks) / len(tracks)
    return Crowd(votes, tuple(round(mean, 2) for mean in means), round(confidence, 2))
