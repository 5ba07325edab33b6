"""How long a server asks to be left alone (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER_S = 3600.0


def retry_after_s(headers: Mapping[str, str], at: datetime) -> float | None:
    """Return the seconds of ``Retry-After``, 0..``MAX_RETRY_AFTER_S``.

    Args:
        headers: Of the answer.
        at: Wall clock; used where the answer does not tell the server's own by ``Date``.

    Returns:
        None if the header is absent, or is neither a number of seconds nor a date.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(float(value[:9]), MAX_RETRY_AFTER_S)
    until_at = _instant(value)
    if until_at is None:
        return None
    # By the server's own clock, which may be wrong by more than the pause it asks for.
    now_at = _instant(headers.get("date", "")) or at
    return min(max(0.0, (until_at - now_at).total_seconds()), MAX_RETRY_AFTER_S)


def _instant(text: str) -> datetime | None:
    """Return the instant of an HTTP date, or None."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
