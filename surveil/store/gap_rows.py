"""Keep the ``gap`` table, and the gaps' share of the coverage tables, equal to what rows say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from surveil.store.gaps import Change, Gap, Span, derive_gaps
from surveil.store.rollups import COUNTS, floor_to, split_span
from surveil.store.rows import MAX_INTERVAL_S
from surveil.store.tables import COVERAGES, camera, camera_event, gap, interval
from surveil.store.upsert import upsert


def refresh_gaps(
    connection: sa.Connection, camera_id: str, from_at: datetime, to_at: datetime
) -> None:
    """Derive the gaps anew around the events just stored; the camera's lock is held.

    Args:
        connection: In the transaction that stored the events, with ``camera`` brought up to date.
        camera_id: Whose.
        from_at: The first instant of the events.
        to_at: The last instant of the events.
    """
    start_at, end_at, new = window_gaps(connection, camera_id, from_at, to_at)
    if start_at <= end_at:
        old = stored_gaps(connection, camera_id, start_at, end_at)
        _replace(connection, camera_id, old, new, start_at)


def window_gaps(
    connection: sa.Connection, camera_id: str, from_at: datetime, to_at: datetime
) -> tuple[datetime, datetime, list[Gap]]:
    """Derive the gaps that a span of time touches from the stored events.

    Returns:
        The end of the analysed interval before the span, the start of the one after it (or the
        first and last instants known of the camera), and all gaps between the two.
    """
    row = connection.execute(sa.select(camera).where(camera.c.id == camera_id)).one()
    before = _neighbour(connection, camera_id, ends_by=from_at)
    after = None
    if row.last_seen_at > to_at:
        after = _neighbour(connection, camera_id, after_at=to_at)
    known_at = max(row.first_seen_at, row.kept_from_at or row.first_seen_at)
    start_at = max(before.to_at, known_at) if before else known_at
    end_at = after.from_at if after else row.last_seen_at
    if start_at > end_at:
        return start_at, end_at, []
    return start_at, end_at, _derive(connection, camera_id, start_at, end_at, before)


def _derive(
    connection: sa.Connection,
    camera_id: str,
    start_at: datetime,
    end_at: datetime,
    before: Span | None,
) -> list[Gap]:
    spans = list(_spans(connection, camera_id, start_at, end_at))
    if before is not None:
        spans.append(before)
    query = (
        sa.select(camera_event.c.at, camera_event.c.state, camera_event.c.reason)
        .where(camera_event.c.camera_id == camera_id, camera_event.c.at <= end_at)
        .order_by(camera_event.c.at, camera_event.c.run_id, camera_event.c.seq)
    )
    if before is not None:
        since_at = min(span.from_at for span in spans)
        query = query.where(camera_event.c.at >= min(since_at, start_at))
    changes = [Change(*row) for row in connection.execute(query)]
    return derive_gaps(spans, changes, start_at, end_at)


_SPAN = (
    interval.c.from_at,
    interval.c.to_at,
    interval.c.analysed,
    interval.c.dropped_stale,
    interval.c.dropped_busy,
    interval.c.dropped_decode,
)


def _neighbour(
    connection: sa.Connection,
    camera_id: str,
    *,
    ends_by: datetime | None = None,
    after_at: datetime | None = None,
) -> Span | None:
    """Return the last analysed interval before one instant, or the first after another."""
    query = sa.select(*_SPAN).where(interval.c.camera_id == camera_id, interval.c.analysed > 0)
    if ends_by is not None:
        # The bound on from_at follows from the one on to_at; it lets the index find the row.
        query = query.where(interval.c.to_at <= ends_by, interval.c.from_at < ends_by)
        query = query.order_by(interval.c.from_at.desc(), interval.c.to_at.desc())
    else:
        query = query.where(interval.c.from_at > after_at)
        query = query.order_by(interval.c.from_at, interval.c.to_at)
    row = connection.execute(query.limit(1)).one_or_none()
    return Span(*row) if row else None


def _spans(
    connection: sa.Connection, camera_id: str, start_at: datetime, end_at: datetime
) -> Iterator[Span]:
    query = sa.select(*_SPAN).where(
        interval.c.camera_id == camera_id,
        interval.c.from_at > start_at - timedelta(seconds=MAX_INTERVAL_S),
        interval.c.from_at < end_at,
        interval.c.to_at > start_at,
    )
    return (Span(*row) for row in connection.execute(query))


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


def _replace(
    connection: sa.Connection,
    camera_id: str,
    old: list[Gap],
    new: list[Gap],
    start_at: datetime,
) -> None:
    lost = sorted(set(old) - set(new), key=lambda gap: gap.from_at)
    found = sorted(set(new) - set(old), key=lambda gap: gap.from_at)
    if lost:
        connection.execute(
            sa.delete(gap).where(
                gap.c.camera_id == camera_id, gap.c.from_at.in_([item.from_at for item in lost])
            )
        )
    if found:
        rows = [
            {
                "camera_id": camera_id,
                "from_at": item.from_at,
                "to_at": item.to_at,
                "reason": item.reason,
                "frames_lost": item.frames_lost,
            }
            for item in found
        ]
        connection.execute(sa.insert(gap), rows)
    for from_at, to_at in _changed(lost, found):
        # An old gap begins earlier only where retention cuts it: what was counted then stays.
        if to_at > start_at:
            _refresh_coverage(connection, camera_id, max(from_at, start_at), to_at)


def _changed(lost: list[Gap], found: list[Gap]) -> list[tuple[datetime, datetime]]:
    """Return the times whose gaps differ; a gap that only grew at its end differs there alone."""
    ended_at = {(item.from_at, item.reason): item.to_at for item in lost}
    times: list[tuple[datetime, datetime]] = []
    for item in found:
        other_at = ended_at.pop((item.from_at, item.reason), None)
        if other_at is None:
            times.append((item.from_at, item.to_at))
        elif other_at != item.to_at:
            times.append((min(other_at, item.to_at), max(other_at, item.to_at)))
    return times + [(from_at, to_at) for (from_at, _), to_at in ended_at.items()]


def _refresh_coverage(
    connection: sa.Connection, camera_id: str, from_at: datetime, to_at: datetime
) -> None:
    """Set ``gap_s`` and ``reason`` of the buckets that a span of time touches."""
    for bucket_s, table in COVERAGES.items():
        first_at = floor_to(from_at, bucket_s)
        last_at = floor_to(to_at - timedelta(microseconds=1), bucket_s)
        until_at = last_at + timedelta(seconds=bucket_s)
        mine = [
            table.c.camera_id == camera_id,
            table.c.bucket_at >= first_at,
            table.c.bucket_at <= last_at,
        ]
        connection.execute(sa.update(table).where(*mine).values(gap_s=0.0, reason=None))
        shares = share_out(stored_gaps(connection, camera_id, first_at, until_at), bucket_s)
        rows = [
            dict.fromkeys(COUNTS, 0)
            | {"camera_id": camera_id, "bucket_at": bucket_at, "analysed_s": 0.0}
            | {"gap_s": gap_s, "reason": reason}
            for bucket_at, (gap_s, reason) in shares.items()
            if first_at <= bucket_at <= last_at
        ]
        upsert(connection, table, rows, replace=("gap_s", "reason"))
        empty = (table.c.intervals == 0, table.c.analysed_s == 0, table.c.gap_s == 0)
        connection.execute(sa.delete(table).where(*mine, *empty))


def share_out(gaps: Iterable[Gap], bucket_s: int) -> dict[datetime, tuple[float, str]]:
    """Return for each bucket the seconds of gaps in it and the reason that has most of them."""
    seconds: defaultdict[datetime, defaultdict[str, float]]
    seconds = defaultdict(lambda: defaultdict(float))
    for item in gaps:
        for bucket_at, share_s in split_span(item.from_at, item.to_at, bucket_s):
            seconds[bucket_at][item.reason] += share_s
    return {
        bucket_at: (sum(by.values()), min(by, key=lambda reason: (-by[reason], reason)))
        for bucket_at, by in seconds.items()
    }
