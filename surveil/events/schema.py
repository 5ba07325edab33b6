"""JSON Schema of what stands in the streams, for whoever reads them with a program of their own."""

from __future__ import annotations

from typing import Any

from surveil.domain import EMOTIONS, CameraState, Reason
from surveil.events import fields as f
from surveil.events.codec import MAX_TRACKS, VERSION
from surveil.names import CAMERA_ID

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_FRACTION = {"type": "number", "minimum": 0, "maximum": 1}
_INSTANT = {
    "type": "string",
    "format": "date-time",
    "pattern": "Z$",
    "description": "RFC 3339 in UTC, with microseconds.",
}
_COMMON = {
    "camera": {"type": "string", "pattern": f"^{CAMERA_ID.pattern}$"},
    "run": {
        "type": "string",
        "pattern": f"^{f.ULID.pattern}$",
        "description": "ULID, new each time the camera's stream is opened.",
    },
    "seq": {
        "type": "integer",
        "minimum": 1,
        "description": "1, 2, 3 without a hole over both types of a run. With run: the identity.",
    },
    "token": {
        "type": "integer",
        "minimum": 1,
        "description": "Of the camera's lease; only where hosts share cameras.",
    },
}


def events_schema() -> dict[str, Any]:
    """Return the schema of a stream's entry whose field ``data`` was parsed.

    It allows keys that it does not know, as readers shall: a later release may add some without a
    new version.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "surveil events",
        "description": "An entry of surveil:events:PARTITION, its field data parsed from JSON.",
        "oneOf": [_entry("interval"), _entry("camera")],
        "$defs": {
            "interval": _interval(),
            "camera": _camera(),
            "track": _track(),
            "crowd": _crowd(),
        },
    }


def _entry(kind: str) -> dict[str, Any]:
    return _object(
        {"v": {"const": VERSION}, "type": {"const": kind}, "data": {"$ref": f"#/$defs/{kind}"}}
    )


def _interval() -> dict[str, Any]:
    dropped = _object(dict.fromkeys(("stale", "busy", "decode"), _COUNT))
    frames = dict.fromkeys(("captured", "sampled", "analysed", "gated"), _COUNT)
    return _object(
        {
            **_COMMON,
            "from_at": _INSTANT,
            "to_at": _INSTANT,
            "frames": _object({**frames, "dropped": dropped}, optional=("gated",)),
            "tracks": {
                "type": "array",
                "maxItems": MAX_TRACKS,
                "items": {"$ref": "#/$defs/track"},
                "description": "A vote of each face that was seen; empty where nobody was.",
            },
            "crowd": {"$ref": "#/$defs/crowd"},
            "model": {**_TEXT, "description": "NAME@HASH of its weights."},
        },
        optional=("token", "crowd"),
        description="What a camera saw from one instant to the next, also if that was nothing.",
    )


def _camera() -> dict[str, Any]:
    return _object(
        {
            **_COMMON,
            "at": _INSTANT,
            "state": {"enum": [state.value for state in CameraState]},
            "reason": {"enum": [reason.value for reason in Reason]},
            "detail": {**_TEXT, "maxLength": f.MAX_DETAIL, "description": "For people."},
            "attributes": {"type": "object", "additionalProperties": _TEXT},
        },
        optional=("token", "attributes"),
        description="A camera's change of state.",
    )


def _track() -> dict[str, Any]:
    names = [emotion.value for emotion in EMOTIONS]
    box = {"type": "array", "items": _FRACTION, "minItems": 4, "maxItems": 4}
    return _object(
        {
            "track_id": {"type": "integer", "minimum": 1, "description": "One face of one run."},
            "frames": {"type": "integer", "minimum": 1},
            "box": {**box, "description": "x1, y1, x2, y2 as fractions of the frame."},
            "score": {**_FRACTION, "description": "Of the detector."},
            "face_px": {**_COUNT, "description": "The face's shorter side in pixels."},
            "emotion": {"enum": names},
            "confidence": {**_FRACTION, "description": "The emotion's score."},
            "scores": _object(
                dict.fromkeys(names, _FRACTION), description="Calibrated; they sum to 1."
            ),
        }
    )


def _crowd() -> dict[str, Any]:
    names = [emotion.value for emotion in EMOTIONS]
    return _object(
        {
            "votes": _object(dict.fromkeys(names, _COUNT)),
            "scores": _object(dict.fromkeys(names, _FRACTION)),
            "confidence": _FRACTION,
        },
        description="In place of tracks where nobody may be told of alone: how many showed what,"
        " means to two places. All 0 where too few were there, or nobody.",
    )


def _object(
    properties: dict[str, Any], *, optional: tuple[str, ...] = (), description: str = ""
) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }
    return {"description": description, **schema} if description else schema
