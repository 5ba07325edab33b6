"""Instants as people write them: ``6h`` (ago), ``2026-03-01T12:00``, ``20260301``, ``now``."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from surveil.durations import parse_duration

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""The years that are stored; arithmetic on instants has room on both sides."""


def parse_instant(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that ``1h`` (ago) or ``2026-03-01T12:00`` (local, or with offset) means.

    ``20260301`` is a day, as ISO 8601 has it; other numbers without a unit are refused. What lies
    outside the years that are stored becomes their first or last instant.

    Args:
        text: What was written.
        now: The present, UTC.
        zone: Of instants without an offset.

    Returns:
        The instant, UTC.

    Raises:
        ValueError: It is neither. The message follows upon the text, which it does not repeat.
    """
    text = text.strip()
    if text.lower() == "now":
        return now
    is_number = text.replace(".", "", 1).isdecimal()
    if not is_number:
        with suppress(ValueError):
            return max(now - timedelta(seconds=parse_duration(text)), EARLIEST)
    try:
        if is_number and len(text) != len("20260301"):
            raise ValueError("a number without a unit")
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = f"; did you mean {text[:20]}s?" if is_number else ""
        raise ValueError(
            "is neither a duration such as 1h nor an instant such as 2026-03-01T12:00" + hint
        ) from None
    if not EARLIEST.year <= at.year < LATEST.year:
        return EARLIEST if at.year < EARLIEST.year else LATEST
    at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    return min(max(at, EARLIEST), LATEST)


def find_zone(name: str) -> tzinfo:
    """Return a time zone by its IANA name.

    Raises:
        ValueError: It is not known here. The message follows upon the name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone known here, such as Europe/Berlin or UTC") from None
