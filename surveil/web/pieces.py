"""How much of the past one answer may hold, and what to ask for where it is too much. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

from surveil.store.reading.buckets import DAY_S, bucket_edges
from surveil.store.reading.timelines import choose_source
from surveil.web.problems import TooMuchError

MOST_BUCKETS = 5_000
"""Of one camera in one answer."""

MOST_PIECES = 22_000
"""Stored seconds, minutes or hours that one answer is made of, of all its cameras: two weeks of
minutes of one camera, six hours of its seconds. Some 0.3 s of a core."""

LONGEST_BUCKET_S = 366 * DAY_S


def edges_of(
    from_at: datetime, to_at: datetime, bucket_s: int, zone: tzinfo, *, cameras: int
) -> list[datetime]:
    """Return the edges of the buckets of a span, if an answer may hold them.

    Args:
        from_at: Start.
        to_at: End.
        bucket_s: Length of a bucket; at most a day, or whole days.
        zone: Whose midnights.
        cameras: How many are asked about.

    Raises:
        TooMuchError: An answer may not; the message says what would be answered.
    """
    span_s = (to_at - from_at).total_seconds()
    if span_s <= 0:
        raise TooMuchError("to: must be after from")
    if not 1 <= bucket_s <= LONGEST_BUCKET_S or (bucket_s > DAY_S and bucket_s % DAY_S):
        raise TooMuchError("bucket: 1 s to a day, or whole days up to 366")
    if span_s / bucket_s > MOST_BUCKETS:
        raise TooMuchError(
            f"bucket: {span_s / bucket_s:,.0f} of {bucket_s} s lie between from and to, and an"
            f" answer holds {MOST_BUCKETS:,} at most: ask for buckets of"
            f" {_longer(span_s / MOST_BUCKETS)} s or more, or for a shorter time"
        )
    edges = bucket_edges(from_at, to_at, bucket_s, zone)
    grain_s = choose_source(edges) or 1
    pieces = (edges[-1] - edges[0]).total_seconds() / grain_s * cameras
    if pieces > MOST_PIECES:
        stored = {1: "seconds", 60: "minutes", 3600: "hours"}[grain_s]
        raise TooMuchError(
            f"this answer would be made of {pieces:,.0f} {stored} of {cameras} cameras, and"
            f" {MOST_PIECES:,} is the most: ask for {_advice(grain_s)}a shorter time or fewer"
            " cameras"
        )
    return edges


def _longer(least_s: float) -> int:
    lengths = (1, 5, 15, 60, 300, 900, 3600, 6 * 3600, DAY_S)
    return next((length for length in lengths if length >= least_s), 7 * DAY_S)


def _advice(grain_s: int) -> str:
    return {1: "buckets of whole minutes, ", 60: "buckets of whole hours, ", 3600: ""}[grain_s]
