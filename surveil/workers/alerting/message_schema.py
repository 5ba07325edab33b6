"""JSON Schema of the bodies that webhooks are sent, for whoever receives them."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_INSTANT = {"type": "string", "format": "date-time", "pattern": "Z$"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}


def webhook_schema() -> dict[str, Any]:
    """Return the schema of a webhook's body.

    It allows keys that it does not know: a later release may add some.
    """
    data = {
        "rule": _TEXT,
        "key": {**_TEXT, "description": "What it is about. With rule: the alert's identity."},
        "state": {"enum": ["firing", "resolved", "test"]},
        "value": {"type": ["number", "null"], "description": "What was measured, if it could be."},
        "threshold": {"type": ["number", "null"]},
        "faces": {"type": ["number", "null"], "description": "Median over the longest window."},
        "coverage": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1,
            "description": "Part of that window that was analysed.",
        },
        "since_at": {**_INSTANT, "description": "Since when the condition held."},
        "at": {**_INSTANT, "description": "When it fired, or ended."},
        "labels": _TEXTS,
        "annotations": _TEXTS,
        "camera": {**_TEXT, "description": "Where it is about one camera."},
        "label": {**_TEXT, "description": "Of rules by label: its value."},
        "run": {**_TEXT, "description": "Of rules by track, with track_id."},
        "track_id": {"type": "integer", "minimum": 1},
        "reason": {
            **_TEXT,
            "description": "Why it ended, if not by the rule: track-ended, off-schedule,"
            " rule-removed.",
        },
    }
    always = ("rule", "key", "state", "labels", "annotations")
    measured = ("value", "threshold", "faces", "coverage", "since_at", "at")
    alert = {
        "properties": {
            "type": {"enum": ["alert.firing", "alert.resolved"]},
            "data": {"required": list(measured)},
        }
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "surveil webhook",
        "description": "Body of a POST; headers webhook-id, -timestamp and -signature go with it.",
        "type": "object",
        "properties": {
            "type": {"enum": ["alert.firing", "alert.resolved", "test"]},
            "timestamp": _INSTANT,
            "data": {"type": "object", "properties": data, "required": list(always)},
        },
        "required": ["type", "timestamp", "data"],
        "anyOf": [alert, {"properties": {"type": {"const": "test"}}}],
    }
