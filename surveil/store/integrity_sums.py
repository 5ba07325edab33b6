"""Prove that rollups and gaps are what the raw rows give."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from surveil.store.finding import Finding
from surveil.store.gap_coverage import Shares, share_edges, share_out, stored_gaps
from surveil.store.gap_rows import window_gaps
from surveil.store.rollups import COUNTS, floor_to, sum_coverage, sum_votes
from surveil.store.rows import MAX_INTERVAL_S, Row
from surveil.store.tables import COVERAGES, TIMELINES, camera, interval, observation

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_SUMS = (*COUNTS, "analysed_s")


def check_sums(connection: sa.Connection) -> Iterator[Finding]:
    """Compare camera by camera: rollups by the hour, gaps by the day, so that memory is bounded.

    Equal means equal: sums of multiples of ``GRID`` are exact. What retention has deleted cannot be
    checked and is left out.
    """
    for row in connection.execute(sa.select(camera).order_by(camera.c.id)).all():
        known_at = max(row.first_seen_at, row.kept_from_at or row.first_seen_at)
        hour_at = floor_to(known_at, 3600)
        while hour_at <= row.last_seen_at:
            yield from _check_hour(connection, row.id, hour_at)
            hour_at += HOUR
        day_at = floor_to(known_at, 86400)
        while day_at <= row.last_seen_at:
            start_at, end_at, derived = window_gaps(connection, row.id, day_at, day_at + DAY)
            if start_at <= end_at and derived != stored_gaps(connection, row.id, start_at, end_at):
                yield Finding("gaps", f"{row.id} {day_at:%Y-%m-%d}: not what the intervals leave")
            day_at += DAY


def _check_hour(connection: sa.Connection, camera_id: str, hour_at: datetime) -> Iterator[Finding]:
    end_at = hour_at + HOUR
    seen = _fetch(connection, observation, observation.c.observed_at, camera_id, hour_at, end_at)
    # An interval that began before the hour may have seconds in it.
    early_at = hour_at - timedelta(seconds=MAX_INTERVAL_S)
    intervals = _fetch(connection, interval, interval.c.from_at, camera_id, early_at, end_at)
    gaps = stored_gaps(connection, camera_id, hour_at, end_at)
    for bucket_s, timeline in TIMELINES.items():
        began = [row for row in intervals if row["from_at"] >= hour_at]
        wanted = {_key(row): row for row in sum_votes(seen, bucket_s, began)}
        stored = _fetch(connection, timeline, timeline.c.bucket_at, camera_id, hour_at, end_at)
        found = {_key(row): row for row in stored}
        for at, emotion in sorted(wanted.keys() | found.keys()):
            if wanted.get((at, emotion)) != found.get((at, emotion)):
                yield Finding("rollups", f"{_place(camera_id, at, bucket_s)}: {emotion}")
        coverage = COVERAGES[bucket_s]
        stored = _fetch(connection, coverage, coverage.c.bucket_at, camera_id, hour_at, end_at)
        for at in _differing(
            {row["bucket_at"]: row for row in sum_coverage(intervals, bucket_s)},
            {row["bucket_at"]: row for row in stored},
            share_out(gaps, bucket_s, hour_at, end_at),
            share_edges(gaps, bucket_s).keys(),
        ):
            if hour_at <= at < end_at:
                yield Finding("coverage", _place(camera_id, at, bucket_s))


def _differing(
    wanted: dict[datetime, Row],
    found: dict[datetime, Row],
    gaps: Shares,
    edges: Collection[datetime],
) -> Iterator[datetime]:
    """Yield the buckets whose rows are not right; one that is nothing but gap needs no row."""
    zero = dict.fromkeys(_SUMS, 0) | {"gap_s": 0.0, "reason": None}
    for at in sorted(wanted.keys() | found.keys() | set(edges)):
        have, want = found.get(at, zero), wanted.get(at, zero)
        same_sums = all(have[name] == want[name] for name in _SUMS)
        if not same_sums or (have["gap_s"], have["reason"]) != gaps.get(at, (0.0, None)):
            yield at


def _place(camera_id: str, at: datetime, bucket_s: int) -> str:
    return f"{camera_id} {at:%Y-%m-%d %H:%M} ({bucket_s} s)"


def _key(row: Row) -> tuple[datetime, str]:
    return row["bucket_at"], row["emotion"]


def _fetch(
    connection: sa.Connection,
    table: sa.Table,
    column: sa.Column[Any],
    camera_id: str,
    from_at: datetime,
    to_at: datetime,
) -> list[Row]:
    query = sa.select(table).where(
        table.c.camera_id == camera_id, column >= from_at, column < to_at
    )
    return [dict(row) for row in connection.execute(query).mappings()]
