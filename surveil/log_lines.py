"""Log events as lines for people: one short line each, the time first, what varies last."""

from __future__ import annotations

import json
from typing import Any

from structlog.typing import EventDict

LONGEST_VALUE = 100
"""Characters of one value; JSON lines have all of it."""

_HIDDEN = ("at", "level", "role", "event", "logger", "exception", "stack")
_COLOURS = {"debug": "2", "warning": "33", "error": "31", "critical": "1;31"}
_LOUD = ("warning", "error", "critical")


class LineRenderer:
    """Renders ``10:02:11Z warning capture:lobby camera.offline reason=timeout``.

    The level is written where it is more than information. A traceback follows on lines of its own.

    Args:
        has_colours: Colour the line by its level, with ANSI codes.
    """

    def __init__(self, *, has_colours: bool) -> None:
        self._has_colours = has_colours

    def __call__(self, logger: object, method: str, event: EventDict) -> str:
        level = str(event.get("level", "info"))
        at = str(event.get("at", ""))
        parts = [f"{at[11:19]}Z" if len(at) > 19 else at]
        parts += [level] if level in _LOUD else []
        parts += [str(event.get("role", "")), str(event.get("event", ""))]
        parts += [f"{key}={_shown(value)}" for key, value in event.items() if key not in _HIDDEN]
        line = " ".join(part for part in parts if part)
        if self._has_colours and level in _COLOURS:
            line = f"\x1b[{_COLOURS[level]}m{line}\x1b[0m"
        more = [str(event[key]) for key in ("stack", "exception") if event.get(key)]
        return "\n".join([line, *more])


def _shown(value: Any) -> str:
    """Return a value without blanks around its parts; a text with blanks in it in quotes."""
    if isinstance(value, float):
        text = f"{value:.6g}"
    elif isinstance(value, str):
        # In quotes as it is: what JSON would escape is escaped already.
        text = value if value and not {" ", '"'} & set(value) else f'"{value}"'
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
