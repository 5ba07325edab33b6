"""The gaps' share of the coverage tables.

A gap costs the same however long it is. Buckets that are only partly in it, at its ends, have rows;
one that lies wholly in it has a row only where intervals without an analysed frame began in it. The
views and the timelines read the others from ``gap``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from surveil.store.gaps import Gap
from surveil.store.rollups import COUNTS, floor_to, split_span
from surveil.store.tables import COVERAGES, gap
from surveil.store.upsert import upsert

Shares = dict[datetime, tuple[float, str]]
"""For each bucket the seconds of gaps in it, and the reason that has most of them."""
_TICK = timedelta(microseconds=1)


def stored_gaps(
    connection: sa.Connection, camera_id: str, start_at: datetime, end_at: datetime
) -> list[Gap]:
    """Return the rows of ``gap`` that reach into a span of time, in order."""
    query = (
        sa.select(gap.c.from_at, gap.c.to_at, gap.c.reason, gap.c.frames_lost)
        .where(gap.c.camera_id == camera_id, gap.c.from_at < end_at, gap.c.to_at > start_at)
        .order_by(gap.c.from_at)
    )
    return [Gap(*row) for row in connection.execute(query)]


def refresh_coverage(
    connection: sa.Connection, camera_id: str, from_at: datetime, to_at: datetime
) -> None:
    """Set ``gap_s`` and ``reason`` of the buckets that a span of time touches."""
    found = stored_gaps(connection, camera_id, *_touched(from_at, to_at, max(COVERAGES)))
    for bucket_s, table in COVERAGES.items():
        first_at, until_at = _touched(from_at, to_at, bucket_s)
        gaps = [item for item in found if item.from_at < until_at and item.to_at > first_at]
        rows = [
            dict.fromkeys(COUNTS, 0)
            | {"camera_id": camera_id, "bucket_at": bucket_at, "analysed_s": 0.0}
            | {"gap_s": gap_s, "reason": reason}
            for bucket_at, (gap_s, reason) in share_edges(gaps, bucket_s).items()
            if first_at <= bucket_at < until_at
        ]
        if len(rows) * timedelta(seconds=bucket_s) < until_at - first_at:
            _fill(connection, camera_id, table, bucket_s, gaps, first_at, until_at)
        upsert(connection, table, rows, replace=("gap_s", "reason"))


def _fill(
    connection: sa.Connection,
    camera_id: str,
    table: sa.Table,
    bucket_s: int,
    gaps: Iterable[Gap],
    first_at: datetime,
    until_at: datetime,
) -> None:
    """Set the buckets between two edges that lie wholly in a gap, or in none."""

    def within(begin_at: datetime, end_at: datetime) -> list[sa.ColumnElement[bool]]:
        at = table.c.bucket_at
        return [table.c.camera_id == camera_id, at >= begin_at, at < end_at]

    mine = within(first_at, until_at)
    is_bare = (table.c.intervals == 0, table.c.analysed_s == 0)
    connection.execute(sa.delete(table).where(*mine, *is_bare))
    connection.execute(sa.update(table).where(*mine).values(gap_s=0.0, reason=None))
    for item in gaps:
        begin_at, end_at = _whole(item, bucket_s)
        begin_at, end_at = max(begin_at, first_at), min(end_at, until_at)
        if begin_at < end_at:
            filled = sa.update(table).where(*within(begin_at, end_at))
            connection.execute(filled.values(gap_s=float(bucket_s), reason=item.reason))


def share_edges(gaps: Iterable[Gap], bucket_s: int) -> Shares:
    """Return the shares of the buckets that are only partly in a gap."""
    pieces: list[Gap] = []
    for item in gaps:
        begin_at, end_at = _whole(item, bucket_s)
        if begin_at > end_at:  # within one bucket
            pieces.append(item)
            continue
        pieces += [
            Gap(from_at, to_at, item.reason, 0)
            for from_at, to_at in ((item.from_at, begin_at), (end_at, item.to_at))
            if from_at < to_at
        ]
    return _add_up(pieces, bucket_s)


def share_out(gaps: Sequence[Gap], bucket_s: int, first_at: datetime, until_at: datetime) -> Shares:
    """Return the shares of all buckets between two of their edges."""
    clipped = [
        Gap(max(item.from_at, first_at), min(item.to_at, until_at), item.reason, 0) for item in gaps
    ]
    return _add_up(clipped, bucket_s)


def _touched(from_at: datetime, to_at: datetime, bucket_s: int) -> tuple[datetime, datetime]:
    """Return the first edge of the buckets that a span of time touches, and the last."""
    until_at = floor_to(to_at - _TICK, bucket_s) + timedelta(seconds=bucket_s)
    return floor_to(from_at, bucket_s), until_at


def _whole(item: Gap, bucket_s: int) -> tuple[datetime, datetime]:
    """Return the start of the first bucket within a gap, and the end of the last one.

    A gap that holds no whole bucket gives an end that is not after the start.
    """
    begin_at = floor_to(item.from_at - _TICK, bucket_s) + timedelta(seconds=bucket_s)
    return begin_at, floor_to(item.to_at, bucket_s)


def _add_up(gaps: Iterable[Gap], bucket_s: int) -> Shares:
    seconds: defaultdict[datetime, defaultdict[str, float]]
    seconds = defaultdict(lambda: defaultdict(float))
    for item in gaps:
        for bucket_at, share_s in split_span(item.from_at, item.to_at, bucket_s):
            seconds[bucket_at][item.reason] += share_s
    return {
        bucket_at: (sum(by.values()), min(by, key=lambda reason: (-by[reason], reason)))
        for bucket_at, by in seconds.items()
    }
