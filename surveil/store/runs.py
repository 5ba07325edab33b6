"""When and why runs ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from surveil.domain import CameraState, Reason
from surveil.store.tables import camera_event, interval, run


def close_runs(connection: sa.Connection, cameras: Iterable[str], touched: Iterable[str]) -> None:
    """Set ``ended_at`` and ``end_reason`` of the runs that are over; the cameras' lock is held.

    A run is over once its camera has a newer one, or once it says ``stopped``. It ended at the last
    instant it speaks of; the reason is that of its last camera event if that is ``offline`` or
    ``stopped``, else its worker was lost without a word. Runs are ordered by the tokens of their
    leases, then by their ULID: a host that was cut off may open runs after another took its camera.

    Args:
        connection: In the transaction that stored the events.
        cameras: Whose events were stored.
        touched: Runs whose events were stored; one that is over already may end later now.
    """
    cameras, touched = sorted(set(cameras)), sorted(set(touched))
    query = sa.select(run.c.camera_id, run.c.token, sa.func.max(run.c.id).label("newest"))
    query = query.where(run.c.camera_id.in_(cameras)).group_by(run.c.camera_id, run.c.token)
    found = connection.execute(query.order_by(run.c.token))
    newest: dict[str, str] = {}
    unleased: dict[str, str] = {}
    for row in found:
        (newest if row.token else unleased)[row.camera_id] = row.newest
    newest |= {id_: max(run_id, newest.get(id_, "")) for id_, run_id in unleased.items()}
    stopped = set(
        connection.scalars(
            sa.select(camera_event.c.run_id).where(
                camera_event.c.run_id.in_(touched),
                camera_event.c.state == CameraState.STOPPED.value,
            )
        )
    )
    candidates = connection.execute(
        sa.select(run.c.id, run.c.camera_id)
        .where(run.c.camera_id.in_(cameras))
        .where(sa.or_(run.c.ended_at.is_(None), run.c.id.in_(touched)))
        .order_by(run.c.id)
    ).all()
    for run_id, camera_id in candidates:
        if run_id != newest[camera_id] or run_id in stopped:
            ended_at, reason = _end_of(connection, run_id)
            connection.execute(
                sa.update(run)
                .where(run.c.id == run_id)
                .values(ended_at=ended_at, end_reason=reason)
            )


def _end_of(connection: sa.Connection, run_id: str) -> tuple[datetime, str]:
    last = connection.execute(
        sa.select(camera_event.c.at, camera_event.c.state, camera_event.c.reason)
        .where(camera_event.c.run_id == run_id)
        .order_by(camera_event.c.seq.desc())
        .limit(1)
    ).one_or_none()
    instants = [
        connection.scalar(
            sa.select(sa.func.max(interval.c.to_at)).where(interval.c.run_id == run_id)
        ),
        connection.scalar(
            sa.select(sa.func.max(camera_event.c.at)).where(camera_event.c.run_id == run_id)
        ),
    ]
    known = [at for at in instants if at is not None]
    if not known:  # nothing but dead letters
        started_at = connection.scalar(sa.select(run.c.started_at).where(run.c.id == run_id))
        assert started_at is not None
        return started_at, Reason.WORKER_LOST.value
    ended_at = max(known)
    if last is not None and last.state in (CameraState.OFFLINE, CameraState.STOPPED):
        return ended_at, last.reason
    return ended_at, Reason.WORKER_LOST.value
