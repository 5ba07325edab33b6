"""A message in words, for receivers that people read: subject and lines of text.

What it holds of names and texts comes from configurations, cameras and rules of others: it is made
plain here, so that it can stand in a header, a terminal or a chat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from surveil.plaintext import escape

MOST_SUBJECT_CHARS = 160
MOST_TEXT_CHARS = 1000
"""Of one annotation."""

MARKS = {"alert.firing": "FIRING", "alert.resolved": "RESOLVED", "test": "TEST"}
"""How a type of message is called in a subject."""


def subject_of(payload: Mapping[str, Any]) -> str:
    """Return one line without control characters, at most ``MOST_SUBJECT_CHARS`` long."""
    data = payload.get("data", {})
    if payload.get("type") == "alert.group":
        group = ", ".join(f"{name} {value}" for name, value in data["group"].items())
        counts = f"{data['firing']} firing, {data['resolved']} resolved"
        return _line(f"[{counts}] {group or 'alerts'}")
    mark = MARKS.get(str(payload.get("type")), "ALERT")
    if data.get("repeat"):
        mark = f"STILL {mark}"
    summary = data.get("annotations", {}).get("summary") or _about(data)
    return _line(f"[{mark}] {summary}")


def alerts_of(payload: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the messages of a group, each as if it had been sent alone; else the one itself."""
    if payload.get("type") != "alert.group":
        return (payload,)
    members: Sequence[Mapping[str, Any]] = payload["data"]["alerts"]
    return members


def facts_of(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of one alert, by name, without control characters."""
    data = payload.get("data", {})
    rows = [
        ("alert", _about(data)),
        ("state", data.get("state")),
        ("camera", data.get("camera")),
        ("since", data.get("since_at")),
        ("at", data.get("at")),
        ("value", _compared(data)),
        ("faces", _number(data.get("faces"))),
        ("coverage", _share(data.get("coverage"))),
        ("reason", data.get("reason")),
    ]
    rows += [(name, text) for name, text in data.get("labels", {}).items()]
    rows += [(name, text) for name, text in data.get("annotations", {}).items()]
    return [
        (escape(str(name)), escape(str(value), keep_lines=True)[:MOST_TEXT_CHARS])
        for name, value in rows
        if value not in (None, "")
    ]


def text_of(payload: Mapping[str, Any], message_id: str) -> str:
    """Return a message as lines of plain text; the id is in the last one."""
    blocks = [
        "\n".join(f"{name}: {value}" for name, value in facts_of(one)) for one in alerts_of(payload)
    ]
    if omitted := omitted_of(payload):
        blocks.append(f"and {omitted} more")
    return "\n\n".join([*blocks, f"message {message_id}"]) + "\n"


def omitted_of(payload: Mapping[str, Any]) -> int:
    """Return how many alerts of a group are counted and not listed."""
    return int(payload.get("data", {}).get("omitted", 0))


def _line(text: str) -> str:
    line = escape(text)
    return line if len(line) <= MOST_SUBJECT_CHARS else line[: MOST_SUBJECT_CHARS - 1] + "…"


def _about(data: Mapping[str, Any]) -> str:
    return f"{data.get('rule', '')} ({data.get('key', '')})"


def _compared(data: Mapping[str, Any]) -> str | None:
    value, threshold = data.get("value"), data.get("threshold")
    if value is None:
        return None
    return f"{value:.3g}" if threshold is None else f"{value:.3g} (threshold {threshold:.3g})"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g}"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.0%}"
