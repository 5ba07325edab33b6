"""Turn events into rows. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from surveil.domain import (
    EMOTIONS,
    CameraEvent,
    Crowd,
    Event,
    IntervalEvent,
    TrackVote,
    quantise,
)
from surveil.store.cleaning import is_clean

Row = dict[str, Any]

_NAMES = tuple(emotion.value for emotion in EMOTIONS)
MAX_INTERVAL_S = 3600.0
"""The longest interval stored. What looks for the intervals around an instant relies on it."""


@dataclass(frozen=True, slots=True)
class Lost:
    """An event that leaves no rows, but counts as settled.

    ``at`` is an instant at which its camera and run are known to have been, in case that nothing
    else tells of them.
    """

    camera: str
    run: str
    seq: int
    at: datetime
    token: int = 0


def has_identity(event: Event | Lost) -> bool:
    """Return whether an event's place can be noted in the ledger, whatever else is wrong."""
    names = (event.camera, event.run)
    return all(name and is_clean(name) for name in names) and 1 <= event.seq < 2**31


def find_fault(event: Event) -> str | None:
    """Say why an event cannot be stored, or None. The codec has checked its form already."""
    if not has_identity(event):
        return "camera or run is no name, or seq is outside 1..2**31-1"
    texts: list[str] = []
    if isinstance(event, CameraEvent):
        texts += [event.detail, *event.attributes, *event.attributes.values()]
    else:
        length_s = (event.to_at - event.from_at).total_seconds()
        if not 0 < length_s <= MAX_INTERVAL_S:
            return f"interval of {length_s} s is not within 0 to {MAX_INTERVAL_S:.0f} s"
        texts.append(event.model)
        ids = [vote.track_id for vote in event.tracks]
        if len(set(ids)) != len(ids):
            return "two votes of one track"
        if not all(map(_is_finite, event.tracks)):
            return "a score or box is not a finite number"
    if not all(map(is_clean, texts)):
        return "a text holds a NUL or half a surrogate pair, which SQL cannot store"
    return None


def span(event: Event | Lost) -> tuple[datetime, datetime]:
    """Return the first and the last instant that an event speaks of."""
    if isinstance(event, IntervalEvent):
        return event.from_at, event.to_at
    return event.at, event.at


def interval_row(event: IntervalEvent) -> Row:
    frames = event.frames
    return {
        "run_id": event.run,
        "seq": event.seq,
        "camera_id": event.camera,
        "from_at": event.from_at,
        "to_at": event.to_at,
        "captured": frames.captured,
        "sampled": frames.sampled,
        "analysed": frames.analysed,
        "gated": frames.gated,
        "dropped": frames.stale + frames.busy + frames.decode,
        "dropped_stale": frames.stale,
        "dropped_busy": frames.busy,
        "dropped_decode": frames.decode,
        "faces": event.faces,
        "model_id": event.model,
        "crowd": None if event.crowd is None else crowd_json(event.crowd),
    }


def crowd_json(crowd: Crowd) -> Row:
    """Return a crowd as the column holds it; scores are whole hundredths, which add up exactly."""
    return {
        "votes": list(crowd.votes),
        "scores": [round(score * 100) for score in crowd.scores],
        "confidence": round(crowd.confidence * 100),
    }


def crowd_of(stored: Row) -> Crowd:
    """Return the crowd that a column holds."""
    scores = tuple(score / 100 for score in stored["scores"])
    return Crowd(tuple(stored["votes"]), scores, stored["confidence"] / 100)


def crowd_sums(stored: Row) -> list[tuple[int, float, float]]:
    """Return by emotion what a crowd adds to a rollup: votes, sum of scores, of confidences."""
    faces = sum(stored["votes"])
    return [
        (votes, quantise(score / 100) * faces, quantise(stored["confidence"] / 100) * votes)
        for votes, score in zip(stored["votes"], stored["scores"], strict=True)
    ]


def observation_rows(event: IntervalEvent) -> list[Row]:
    return [
        {
            "run_id": event.run,
            "seq": event.seq,
            "track_id": vote.track_id,
            "camera_id": event.camera,
            "observed_at": event.from_at,
            "frames": vote.frames,
            "emotion": vote.emotion.value,
            "confidence": quantise(vote.confidence),
            **dict(zip(_NAMES, map(quantise, vote.scores), strict=True)),
            "x1": vote.box.x1,
            "y1": vote.box.y1,
            "x2": vote.box.x2,
            "y2": vote.box.y2,
            "score": vote.score,
            "face_px": vote.face_px,
        }
        for vote in event.tracks
    ]


def camera_event_row(event: CameraEvent) -> Row:
    return {
        "run_id": event.run,
        "seq": event.seq,
        "camera_id": event.camera,
        "at": event.at,
        "state": event.state.value,
        "reason": event.reason.value,
        "detail": event.detail,
        "attributes": event.attributes,
    }


def model_row(event: IntervalEvent) -> Row:
    name, _, weights_hash = event.model.partition("@")
    return {
        "id": event.model,
        "name": name,
        "weights_hash": weights_hash,
        "first_seen_at": event.from_at,
    }


def _is_finite(vote: TrackVote) -> bool:
    """Return whether all numbers of a vote are; their sum tells it, unless they are absurd."""
    numbers = (vote.confidence, vote.score, *vote.scores, *vote.box.xyxy)
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))
