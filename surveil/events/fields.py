"""Checks of single JSON values; each returns the value or raises ``ValueError`` saying why not.

The bounds are those of the SQL columns: 32-bit integers unless said otherwise, text without
control characters (PostgreSQL cannot hold NUL, a terminal obeys others) and lone surrogates.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from surveil.names import CAMERA_ID
from surveil.plaintext import UNSAFE, is_plain

MAX_INT = 2**31 - 1
MAX_BIGINT = 2**53
MAX_DETAIL = 1000

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    return value


def integer(value: Any, least: int = 0, most: int = MAX_INT) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"expected a whole number from {least} to {most}")
    return value


def fraction(value: Any) -> float:
    if type(value) not in (int, float) or not 0.0 <= value <= 1.0:  # also refuses NaN
        raise ValueError("expected a number from 0 to 1")
    return float(value)


def text(value: Any, most: int, least: int = 0) -> str:
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise ValueError(f"expected a text of {least} to {most} characters")
    if not is_plain(value):
        raise ValueError("text holds control characters or lone surrogates")
    return value


def camera_id(value: Any) -> str:
    if not isinstance(value, str) or not CAMERA_ID.fullmatch(value):
        raise ValueError("camera is no id of a camera")
    return value


def instant(value: Any) -> datetime:
    at = datetime.fromisoformat(text(value, 40))
    if at.utcoffset() != timedelta(0):
        raise ValueError("expected an instant in UTC")
    at = at.astimezone(UTC)
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("instant is out of range")
    return at


def ulid(value: Any) -> str:
    if not isinstance(value, str) or not ULID.fullmatch(value):
        raise ValueError("run is no ULID")
    return value


def storable(value: str, most: int = MAX_DETAIL) -> str:
    """Return a text for people as events may hold it: no control characters, cut to length."""
    cleaned = UNSAFE.sub(" ", value)
    return cleaned if len(cleaned) <= most else cleaned[: most - 1] + "…"
