"""Durations as people write them in YAML: ``30s``, ``1.5h``, ``1h30m``, or plain seconds."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
"""Seconds in each unit a duration may be written in."""

LONGEST_S = 100 * 366 * 86400.0
"""No duration may be longer: a century, well inside what ``datetime`` can add."""

_PATTERN = r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+"
_WHOLE = re.compile(_PATTERN)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


def parse_duration(value: object) -> float:
    """Return seconds for ``30s``, ``1m``, ``1.5h``, ``1h30m``, ``500ms`` or a number of seconds.

    Raises:
        ValueError: Not a duration, negative, not finite, or longer than a century. The message
            does not repeat the value.
    """
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text) and len(text) <= 64:
            seconds = sum(float(number) * UNITS_S[unit] for number, unit in _PART.findall(text))
        elif re.fullmatch(r"\d+(\.\d+)?", text):
            seconds = float(text)
        else:
            raise ValueError("must be a duration such as 500ms, 30s, 1.5h or 1h30m")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(min(value, 2 * LONGEST_S))
    else:
        raise ValueError("must be a duration such as 500ms, 30s, 1.5h or 1h30m")
    if not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_S:
        raise ValueError("must be a duration from 0 to 100 years")
    return seconds


def format_duration(seconds: float) -> str:
    """Return what :func:`parse_duration` reads as so many seconds: ``1h30m``, ``2.5s``, ``0s``."""
    whole, parts = int(seconds), []
    for unit in ("d", "h", "m"):
        count, whole = divmod(whole, int(UNITS_S[unit]))
        parts += [f"{count}{unit}"] if count else []
    rest_s = round(whole + seconds - int(seconds), 3)
    return "".join([*parts, f"{rest_s:g}s"] if rest_s or not parts else parts)


def _validate(value: object) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


Duration = Annotated[
    float,
    BeforeValidator(_validate),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": f"^({_PATTERN}|\\d+(\\.\\d+)?)$"},
            ],
            "description": "Seconds, or text such as 500ms, 30s, 1m, 1.5h.",
        },
        mode="validation",
    ),
]
"""A pydantic field in seconds that also accepts text such as ``30s``."""
