"""Keep the ``gap`` table equal to what the rows say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from surveil.store.gap_coverage import refresh_coverage, stored_gaps
from surveil.store.gaps import Gap, Span, StateChange, derive_gaps
from surveil.store.rows import MAX_INTERVAL_S, Row
from surveil.store.tables import camera, camera_event, gap, interval


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
    if start_at > end_at:
        return
    old = stored_gaps(connection, camera_id, start_at, end_at)
    times = _replace(connection, camera_id, old, new, start_at)
    if any(item.from_at < to_at and item.to_at > from_at for item in new):
        # Buckets of new intervals without an analysed frame, whose gap may be the same as before.
        times.append((max(from_at, start_at), to_at))
    for changed_from_at, changed_to_at in _join(times):
        if changed_from_at < changed_to_at:
            refresh_coverage(connection, camera_id, changed_from_at, changed_to_at)


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
    changes = [StateChange(*row) for row in connection.execute(query)]
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


def _replace(
    connection: sa.Connection, camera_id: str, old: list[Gap], new: list[Gap], start_at: datetime
) -> list[tuple[datetime, datetime]]:
    """Write the gaps derived anew over those that were stored; return the times that differ."""
    old = [_cut(connection, camera_id, item, new, start_at) for item in old]
    lost = sorted(set(old) - set(new), key=lambda gap: gap.from_at)
    found = sorted(set(new) - set(old), key=lambda gap: gap.from_at)
    if lost:
        connection.execute(
            sa.delete(gap).where(
                gap.c.camera_id == camera_id, gap.c.from_at.in_([item.from_at for item in lost])
            )
        )
    if found:
        connection.execute(sa.insert(gap), [_row(camera_id, item) for item in found])
    return _changed(lost, found)


def _cut(
    connection: sa.Connection, camera_id: str, item: Gap, new: list[Gap], start_at: datetime
) -> Gap:
    """Return the part of a stored gap that can still be derived, which gets a row of its own.

    Only where retention has deleted what a gap was derived from does it begin before the window:
    that part stays as it is.
    """
    if item.from_at >= start_at:
        return item
    lost_since = next((one.frames_lost for one in new if one.from_at == start_at), 0)
    lost_before = max(0, item.frames_lost - lost_since)
    connection.execute(
        sa.update(gap)
        .where(gap.c.camera_id == camera_id, gap.c.from_at == item.from_at)
        .values(to_at=start_at, frames_lost=lost_before)
    )
    rest = Gap(start_at, item.to_at, item.reason, item.frames_lost - lost_before)
    connection.execute(sa.insert(gap), [_row(camera_id, rest)])
    return rest


def _row(camera_id: str, item: Gap) -> Row:
    return {
        "camera_id": camera_id,
        "from_at": item.from_at,
        "to_at": item.to_at,
        "reason": item.reason,
        "frames_lost": item.frames_lost,
    }


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


def _join(times: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for from_at, to_at in sorted(times):
        if joined and from_at <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], to_at)
        else:
            joined.append((from_at, to_at))
    return joined
