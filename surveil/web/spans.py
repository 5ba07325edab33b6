"""Spans of time as requests ask for them, and into what buckets they are divided. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from surveil.instants import find_zone, parse_instant
from surveil.store.reading.buckets import DAY_S, bucket_edges, parse_bucket
from surveil.web.problems import TooMuchError

LONGEST = timedelta(days=400)
MOST_BUCKETS = 1500
"""Of one camera in one answer."""
SIZES_S = (1, 5, 15, 60, 300, 900, 3600, 6 * 3600, DAY_S, 7 * DAY_S)
"""Lengths that are chosen from where none is asked for."""
WANTED_BUCKETS = 200
RAW_FOR = timedelta(hours=2)
"""Spans longer than this are read by the minute or the hour, unless asked otherwise."""
PRESETS = ("15m", "1h", "6h", "24h", "7d", "30d")
PRESENT = timedelta(seconds=10)
"""What was seen before is not now; an interval takes some seconds until it is stored."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in buckets.

    Attributes:
        from_at: Its start, UTC.
        to_at: Its end, UTC; at most the present.
        bucket_s: Length of its buckets in seconds.
        edges: Of the buckets, UTC, rising.
    """

    from_at: datetime
    to_at: datetime
    bucket_s: int
    edges: list[datetime]


def read_span(
    now: datetime,
    *,
    since: str = "",
    until: str = "",
    bucket: str = "",
    zone: str = "UTC",
) -> Span:
    """Return the span that is asked for.

    Args:
        now: The present, UTC.
        since: Its start: an instant of ISO 8601, or a duration ago such as ``6h``; by default 1h.
        until: Its end, likewise; by default the present.
        bucket: A duration of whole seconds; by default one that gives some 200 buckets.
        zone: IANA name of the zone in whose midnights days begin.

    Raises:
        TooMuchError: It is no span, or longer or finer than one answer may be; the message says
            what would do.
    """
    from_at = _instant(since or "1h", now, "from")
    to_at = min(_instant(until, now, "to") if until else now, now)
    if from_at >= to_at:
        raise TooMuchError("from must be before to, and in the past")
    if to_at - from_at > LONGEST:
        raise TooMuchError(f"more than {LONGEST.days} days: ask for less, or use `surveil sql`")
    seconds = (to_at - from_at).total_seconds()
    bucket_s = read_bucket_s(bucket) if bucket else choose_bucket_s(seconds)
    if seconds / bucket_s > MOST_BUCKETS:
        raise TooMuchError(
            f"more than {MOST_BUCKETS} buckets: ask for a bucket of {choose_bucket_s(seconds)} s or"
            " more, or for a shorter span"
        )
    return Span(from_at, to_at, bucket_s, bucket_edges(from_at, to_at, bucket_s, read_zone(zone)))


def choose_bucket_s(seconds: float) -> int:
    """Return the length of buckets that suits a span."""
    least = 60 if seconds > RAW_FOR.total_seconds() else 1
    fitting = [size for size in SIZES_S if size >= least and seconds / size <= WANTED_BUCKETS]
    return fitting[0] if fitting else SIZES_S[-1]


def _instant(text: str, now: datetime, name: str) -> datetime:
    try:
        return parse_instant(text, now, UTC)
    except ValueError as error:
        raise TooMuchError(f"{name} {text[:40]!r} {error}") from None


def read_bucket_s(text: str) -> int:
    """Return a bucket's length in seconds.

    Raises:
        TooMuchError: It is no length of whole seconds up to a day, or of whole days.
    """
    try:
        return parse_bucket(text)
    except ValueError as error:
        raise TooMuchError(f"bucket {text[:40]!r} {error}") from None


def read_zone(name: str, parameter: str = "zone") -> tzinfo:
    """Return a time zone by its IANA name.

    Args:
        name: The zone's.
        parameter: By what name it was asked for.

    Raises:
        TooMuchError: There is none of that name.
    """
    try:
        return find_zone(name)
    except ValueError as error:
        raise TooMuchError(f"{parameter} {name[:40]!r} {error}") from None
