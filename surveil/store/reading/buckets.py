"""Divide a span of time into buckets as a person in a time zone would. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from surveil.durations import parse_duration

DAY_S = 86400


def parse_bucket(text: str) -> int:
    """Return the length of buckets that a text such as ``15m`` means, in seconds.

    Raises:
        ValueError: It is no length of whole seconds up to a day, or of whole days. The message
            follows upon the text.
    """
    seconds = parse_duration(text)
    if seconds < 1 or seconds != int(seconds) or (seconds > DAY_S and seconds % DAY_S):
        raise ValueError("must be whole seconds up to a day, or whole days")
    return int(seconds)


def bucket_edges(
    since_at: datetime, until_at: datetime, bucket_s: int, zone: tzinfo
) -> list[datetime]:
    """Return the edges of the buckets that cover a span, from its start's bucket to its end's.

    Buckets begin anew at every local midnight and are ``bucket_s`` long in real time, so an hour is
    an hour: the day on which summer time begins has 23 of them, the one on which it ends 25, and
    both show hours only once. The last bucket of a day is shorter where a day is no multiple of it.
    Buckets of whole days are local days, and so 23 to 25 hours long.

    Args:
        since_at: Start of the span.
        until_at: End of the span, after its start.
        bucket_s: At least 1; a multiple of a day, or at most a day.
        zone: Whose midnights.

    Returns:
        Instants in UTC, rising; the first at or before ``since_at``, the last at or after
        ``until_at``.
    """
    edges: list[datetime] = []
    for edge in _edges_from(since_at.astimezone(zone).date(), bucket_s, zone):
        if edge <= since_at:
            edges = [edge]
        else:
            edges.append(edge)
            if edge >= until_at:
                break
    return edges


def _edges_from(day: date, bucket_s: int, zone: tzinfo) -> Iterator[datetime]:
    """Yield all edges from a local midnight on, without end."""
    if bucket_s > DAY_S:
        # Days are counted from a fixed one, so that the same buckets come out of every span.
        days = bucket_s // DAY_S
        day = date.fromordinal(day.toordinal() - (day.toordinal() - 1) % days)
        while True:
            yield midnight_at(day, zone)
            day += timedelta(days=days)
    while True:
        edge, tomorrow = midnight_at(day, zone), midnight_at(day + timedelta(days=1), zone)
        while edge < tomorrow:
            yield edge
            edge += timedelta(seconds=bucket_s)
        day += timedelta(days=1)


def midnight_at(day: date, zone: tzinfo) -> datetime:
    """Return the instant at which a local day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
