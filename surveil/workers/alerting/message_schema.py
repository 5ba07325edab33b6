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
    data["repeat"] = {
        "type": "integer",
        "minimum": 1,
        "description": "Which reminder it is, of an alert that fires still.",
    }
    always = ("rule", "key", "state", "labels", "annotations")
    measured = ("value", "threshold", "faces", "coverage", "since_at", "at")
    about = {"type": "object", "properties": data, "required": list(always)}
    alert = _message(
        ["alert.firing", "alert.resolved"], {**about, "required": [*always, *measured]}
    )
    count = {"type": "integer", "minimum": 0}
    group = {
        "type": "object",
        "description": "Several alerts, for receivers with group_by.",
        "properties": {
            "group": {**_TEXTS, "description": "What the alerts have in common."},
            "firing": count,
            "resolved": count,
            "omitted": {**count, "description": "Alerts that are counted and not listed."},
            "alerts": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/alert"}},
        },
        "required": ["group", "firing", "resolved", "omitted", "alerts"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "surveil webhook",
        "description": "Body of a POST; headers webhook-id, -timestamp and -signature go with it.",
        "$defs": {"alert": alert},
        "anyOf": [
            {"$ref": "#/$defs/alert"},
            _message(["alert.group"], group),
            _message(["test"], about),
        ],
    }


def _message(types: list[str], data: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a body of some types."""
    return {
        "type": "object",
        "properties": {"type": {"enum": types}, "timestamp": _INSTANT, "data": data},
        "required": ["type", "timestamp", "data"],
    }
