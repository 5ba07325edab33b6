"""Delete what is older than the configuration keeps: raw rows and what tells of single faces.

Minute and hour rollups and gaps stay: they hold nothing of a single face, and are what long
timelines read.
Alerts, deliveries and dead letters stay as well; of the audit log see :mod:`surveil.store.audit`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa

from surveil.domain import CameraState, Reason
from surveil.store.audit import record
from surveil.store.cameras import lock_camera
from surveil.store.engine import reading, writing
from surveil.store.gap_rows import refresh_gaps
from surveil.store.partitions import drop_partitions
from surveil.store.tables import (
    camera,
    camera_event,
    interval,
    observation,
    run,
    track,
)

BATCH_ROWS = 5000
"""Rows deleted in one transaction, so that the recorder waits for tens of milliseconds at most."""

_BY_CAMERA = (
    (observation, observation.c.observed_at),
    (interval, interval.c.from_at),
    (camera_event, camera_event.c.at),
    (track, track.c.last_seen_at),
)
"""Tables, in an order that keeps references whole, and the instant by which a row is too old."""


def cutoff_at(now: datetime, days: int) -> datetime:
    """Return the start of the oldest UTC day that is kept.

    Whole days, because PostgreSQL drops whole partitions, and because no bucket of a rollup then
    has only a part of its raw rows.
    """
    first = now.astimezone(UTC).date() - timedelta(days=days)
    return datetime.combine(first, time(), tzinfo=UTC)


def prune(
    engine: sa.Engine,
    before_at: datetime,
    *,
    actor: str,
    now: datetime,
    only: Collection[str] | None = None,
) -> Iterator[int]:
    """Delete rows older than an instant; yields after each short transaction what it deleted.

    The caller decides when the next transaction begins, and may stop between any two of them.

    Args:
        engine: The database.
        before_at: Start of a UTC day; see :func:`cutoff_at`.
        actor: Who asked, for the audit log.
        now: For the audit log.
        only: Cameras; None for all.

    Raises:
        UnavailableError: The database cannot be reached.
    """
    with writing(engine) as connection:
        # First: from now on neither gaps nor checks reach back beyond it.
        older = sa.or_(camera.c.kept_from_at.is_(None), camera.c.kept_from_at < before_at)
        connection.execute(
            sa.update(camera)
            .where(camera.c.first_seen_at < before_at, older, _among(camera.c.id, only))
            .values(kept_from_at=before_at)
        )
        dropped = drop_partitions(connection, before_at.date()) if only is None else []
    yield len(dropped)
    with reading(engine) as connection:
        known = sa.select(camera.c.id).where(_among(camera.c.id, only)).order_by(camera.c.id)
        cameras = connection.scalars(known).all()
    total = 0
    for table, column in _BY_CAMERA:
        for camera_id in cameras:
            old = sa.and_(table.c.camera_id == camera_id, column < before_at)
            if table is camera_event:
                old = sa.and_(old, _not_needed(engine, camera_id, before_at))
            for count in _delete(engine, table, old):
                total += count
                yield count
    rows_left = [
        sa.exists().where(table.c.run_id == run.c.id)
        for table in (interval, camera_event, observation, track)
    ]
    is_meant = _among(run.c.camera_id, only)
    over = sa.and_(run.c.ended_at < before_at, is_meant, *(~found for found in rows_left))
    for count in _delete(engine, run, over):
        total += count
        yield count
    for camera_id in cameras:
        with writing(engine) as connection:
            lock_camera(connection, camera_id)
            # A gap over the border begins at the border now.
            refresh_gaps(connection, camera_id, before_at, before_at)
        yield 0
    if total or dropped:
        with writing(engine) as connection:
            detail = {"before_at": before_at.isoformat(), "rows": total, "partitions": dropped}
            if only is not None:
                detail["cameras"] = sorted(only)
            record(connection, actor, "prune", "timelines", detail, now=now)


def _among(column: sa.ColumnElement[str], only: Collection[str] | None) -> sa.ColumnElement[bool]:
    return sa.true() if only is None else column.in_(sorted(only))


def _not_needed(engine: sa.Engine, camera_id: str, before_at: datetime) -> sa.ColumnElement[bool]:
    """Return what spares the one event that explains a gap over the border, if there is one."""
    is_silent = sa.and_(
        camera_event.c.state == CameraState.CONNECTING.value,
        camera_event.c.reason != Reason.STARTING.value,
    )
    connecting = sa.case((is_silent, 1), else_=0)
    last = (
        sa.select(camera_event.c.run_id, camera_event.c.seq)
        .where(camera_event.c.camera_id == camera_id, camera_event.c.at < before_at)
        .order_by(
            connecting,
            camera_event.c.at.desc(),
            camera_event.c.run_id.desc(),
            camera_event.c.seq.desc(),
        )
        .limit(1)
    )
    with reading(engine) as connection:
        row = connection.execute(last).one_or_none()
    if row is None:
        return sa.true()
    return sa.or_(camera_event.c.run_id != row.run_id, camera_event.c.seq != row.seq)


def _delete(engine: sa.Engine, table: sa.Table, old: sa.ColumnElement[bool]) -> Iterator[int]:
    key = list(table.primary_key)
    some = sa.select(*key).where(old).limit(BATCH_ROWS)
    target = sa.tuple_(*key) if len(key) > 1 else key[0]
    while True:
        with writing(engine) as connection:
            count = connection.execute(sa.delete(table).where(target.in_(some))).rowcount
        if count:
            yield count
        if count < BATCH_ROWS:
            return
