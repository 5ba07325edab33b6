"""The hook between building an event and spooling it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from surveil.domain import Event, IntervalEvent


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
    """

    keeps_tracks: bool


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
        it was analysed, and by how many frames: silence never looks like a gap.
    """
    if policy.keeps_tracks or not isinstance(event, IntervalEvent):
        return event
    return replace(event, tracks=())
