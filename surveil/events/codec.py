"""Events to stream entries and back.

An entry has three fields: ``v`` (format version), ``type`` (``interval`` or ``camera``) and
``data`` (JSON). What comes back from a stream may have been written by anyone, so decoding checks
every value against the bounds below and refuses what SQL could not store. Keys that are not known
are ignored: a later release may add some without a new version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Crowd,
    Emotion,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.errors import SurveilError
from surveil.events import fields as f
from surveil.events.streams import text_of

VERSION = "1"
MAX_DATA_BYTES = 512 * 1024
MAX_TRACKS = 1000
MAX_INTERVAL = timedelta(hours=1)
SCORES_TOLERANCE = 0.01
_BY_NAME = {emotion.value: emotion for emotion in EMOTIONS}


class EventFormatError(SurveilError, ValueError):
    """An entry is no event of this version; it belongs into ``dead_letter``."""


def encode(event: Event) -> dict[str, str]:
    """Return the fields of the stream entry for an event; exact, ``decode`` gives it back."""
    if isinstance(event, IntervalEvent):
        return {"v": VERSION, "type": "interval", "data": _dump(_interval_to_json(event))}
    return {"v": VERSION, "type": "camera", "data": _dump(_camera_to_json(event))}


def decode(entry: Mapping[Any, Any]) -> Event:
    """Return the event of a stream entry.

    Args:
        entry: Fields as they come from Redis, keys and values ``bytes`` or ``str``.

    Raises:
        EventFormatError: A field is missing, of another version or type, or out of bounds.
    """
    try:
        texts = {text_of(key): value for key, value in entry.items()}
        version, kind = text_of(texts["v"]), text_of(texts["type"])
        if version != VERSION:
            _refuse(f"version {version[:20]!r} is not {VERSION!r}")
        data = texts["data"]
        if len(data) > MAX_DATA_BYTES:
            _refuse(f"data is longer than {MAX_DATA_BYTES} bytes")
        body = f.mapping(_JSON.decode(text_of(data)))
        if kind == "interval":
            return _interval_from_json(body)
        if kind == "camera":
            return _camera_from_json(body)
        _refuse(f"type {kind[:20]!r} is not known")
    except EventFormatError:
        raise
    except KeyError as error:
        raise EventFormatError(f"{error.args[0]} is missing") from error
    except RecursionError as error:
        raise EventFormatError("data is nested too deeply") from error
    except (ValueError, TypeError) as error:
        raise EventFormatError(str(error)[:200]) from error


def format_at(at: datetime) -> str:
    """Return an instant as RFC 3339 in UTC: ``2025-01-31T12:00:00.000000Z``."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _interval_to_json(event: IntervalEvent) -> dict[str, Any]:
    counts = event.frames
    return {
        **_token_to_json(event),
        "camera": event.camera,
        "run": event.run,
        "seq": event.seq,
        "from_at": format_at(event.from_at),
        "to_at": format_at(event.to_at),
        "frames": {
            "captured": counts.captured,
            "sampled": counts.sampled,
            "analysed": counts.analysed,
            "gated": counts.gated,
            "dropped": {
                "stale": counts.stale,
                "busy": counts.busy,
                "decode": counts.decode,
            },
        },
        "tracks": [_vote_to_json(vote) for vote in event.tracks],
        **_crowd_to_json(event.crowd),
        "model": event.model,
    }


def _crowd_to_json(crowd: Crowd | None) -> dict[str, Any]:
    if crowd is None:
        return {}
    return {
        "crowd": {
            "votes": dict(zip(_BY_NAME, crowd.votes, strict=True)),
            "scores": dict(zip(_BY_NAME, crowd.scores, strict=True)),
            "confidence": crowd.confidence,
        }
    }


def _crowd_from_json(body: dict[str, Any]) -> Crowd | None:
    if "crowd" not in body:
        return None
    crowd = f.mapping(body["crowd"])
    votes, scores = f.mapping(crowd["votes"]), f.mapping(crowd["scores"])
    if votes.keys() != _BY_NAME.keys() or scores.keys() != _BY_NAME.keys():
        _refuse("votes or scores of the crowd are not those of the seven emotions")
    return Crowd(
        votes=tuple([f.integer(votes[name], 0, MAX_TRACKS) for name in _BY_NAME]),
        scores=tuple([f.fraction(scores[name]) for name in _BY_NAME]),
        confidence=f.fraction(crowd["confidence"]),
    )


def _token_to_json(event: Event) -> dict[str, Any]:
    """Return the lease's token where there is one: a host that shares nothing sends no more."""
    return {"token": event.token} if event.token else {}


def _token_from_json(body: dict[str, Any]) -> int:
    return f.integer(body["token"], 0) if "token" in body else 0


def _vote_to_json(vote: TrackVote) -> dict[str, Any]:
    return {
        "track_id": vote.track_id,
        "frames": vote.frames,
        "box": list(vote.box.xyxy),
        "score": vote.score,
        "face_px": vote.face_px,
        "emotion": vote.emotion.value,
        "confidence": vote.confidence,
        "scores": dict(zip(_BY_NAME, vote.scores, strict=True)),
    }


def _camera_to_json(event: CameraEvent) -> dict[str, Any]:
    body: dict[str, Any] = {
        **_token_to_json(event),
        "camera": event.camera,
        "run": event.run,
        "seq": event.seq,
        "at": format_at(event.at),
        "state": event.state.value,
        "reason": event.reason.value,
        "detail": event.detail,
    }
    if event.attributes:
        body["attributes"] = event.attributes
    return body


def _interval_from_json(body: dict[str, Any]) -> IntervalEvent:
    frames = f.mapping(body["frames"])
    dropped = f.mapping(frames["dropped"])
    from_at, to_at = f.instant(body["from_at"]), f.instant(body["to_at"])
    if not from_at < to_at <= from_at + MAX_INTERVAL:
        _refuse("the interval does not end after it begins, or lasts more than an hour")
    tracks = body["tracks"]
    if not isinstance(tracks, list) or len(tracks) > MAX_TRACKS:
        _refuse(f"tracks is no list of at most {MAX_TRACKS}")
    votes = tuple(_vote_from_json(f.mapping(vote)) for vote in tracks)
    if len({vote.track_id for vote in votes}) != len(votes):
        _refuse("a track votes twice")
    crowd = _crowd_from_json(body)
    if crowd is not None and votes:
        _refuse("both tracks and a crowd are told of")
    return IntervalEvent(
        camera=f.camera_id(body["camera"]),
        run=f.ulid(body["run"]),
        seq=f.integer(body["seq"], 1, f.MAX_BIGINT),
        from_at=from_at,
        to_at=to_at,
        frames=FrameCounts(
            captured=f.integer(frames["captured"]),
            sampled=f.integer(frames["sampled"]),
            analysed=f.integer(frames["analysed"]),
            gated=f.integer(frames.get("gated", 0)),  # earlier releases had no gate
            stale=f.integer(dropped["stale"]),
            busy=f.integer(dropped["busy"]),
            decode=f.integer(dropped["decode"]),
        ),
        tracks=votes,
        model=f.text(body["model"], 200),
        token=_token_from_json(body),
        crowd=crowd,
    )


def _vote_from_json(vote: dict[str, Any]) -> TrackVote:
    box = vote["box"]
    if not isinstance(box, list) or len(box) != 4:
        _refuse("box is no list of four fractions")
    x1, y1, x2, y2 = map(f.fraction, box)
    if x1 > x2 or y1 > y2:
        _refuse("box has a negative side")
    by_name = f.mapping(vote["scores"])
    if by_name.keys() != _BY_NAME.keys():
        _refuse("scores are not those of the seven emotions")
    scores = tuple([f.fraction(by_name[name]) for name in _BY_NAME])
    if abs(sum(scores) - 1.0) > SCORES_TOLERANCE:
        _refuse("scores do not sum to 1")
    name = vote["emotion"]
    return TrackVote(
        track_id=f.integer(vote["track_id"], 1),
        frames=f.integer(vote["frames"], 1),
        box=Box(x1, y1, x2, y2),
        score=f.fraction(vote["score"]),
        face_px=f.integer(vote["face_px"], 0, 1_000_000),
        emotion=_BY_NAME.get(name) or Emotion(f.text(name, 20)),
        confidence=f.fraction(vote["confidence"]),
        scores=scores,
    )


def _camera_from_json(body: dict[str, Any]) -> CameraEvent:
    attributes = f.mapping(body.get("attributes", {}))
    if len(attributes) > 32:
        _refuse("more than 32 attributes")
    return CameraEvent(
        camera=f.camera_id(body["camera"]),
        run=f.ulid(body["run"]),
        seq=f.integer(body["seq"], 1, f.MAX_BIGINT),
        at=f.instant(body["at"]),
        state=CameraState(f.text(body["state"], 20)),
        reason=Reason(f.text(body["reason"], 40)),
        detail=f.text(body["detail"], f.MAX_DETAIL),
        attributes={f.text(k, 64): f.text(v, 200) for k, v in attributes.items()},
        token=_token_from_json(body),
    )


def _dump(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), allow_nan=False)


def _no_constant(name: str) -> NoReturn:
    _refuse(f"{name} is no number")


_JSON = json.JSONDecoder(parse_constant=_no_constant)


def _refuse(why: str) -> NoReturn:
    raise EventFormatError(why)
