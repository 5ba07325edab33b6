"""Prove from the rows that nothing was lost and nothing stored twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from surveil.store import migrate, revisions
from surveil.store.finding import Finding
from surveil.store.integrity_sums import check_sums
from surveil.store.rows import MAX_INTERVAL_S
from surveil.store.tables import (
    camera,
    camera_event,
    dead_letter,
    interval,
    observation,
    run,
    run_range,
    track,
)


def check_schema(connection: sa.Connection) -> Iterator[Finding]:
    """Find pending migrations, and tables that differ from this version's."""
    missing = revisions.pending(connection)
    for revision in missing:
        yield Finding("schema", f"migration {revision} is pending: run `surveil db upgrade`")
    if not missing:
        for change in migrate.drift(connection):
            yield Finding("schema", f"differs from this version: {change}")


def check_runs(connection: sa.Connection) -> Iterator[Finding]:
    """Find holes and duplicates: for each run ``max(seq)`` is the count of its events."""
    every = sa.union_all(
        sa.select(interval.c.run_id, interval.c.seq, interval.c.from_at.label("at")),
        sa.select(camera_event.c.run_id, camera_event.c.seq, camera_event.c.at),
    ).subquery()
    kept = (
        sa.select(every.c.run_id, sa.func.min(every.c.seq).label("first_seq"))
        .join(run, run.c.id == every.c.run_id)
        .join(camera, camera.c.id == run.c.camera_id)
        .where(_is_kept(connection, every.c.at))
        .group_by(every.c.run_id)
        .subquery()
    )
    events = (
        sa.select(every.c.run_id, every.c.seq)
        .join(kept, kept.c.run_id == every.c.run_id)
        .where(every.c.seq >= kept.c.first_seq)
        .subquery()
    )
    counted = (
        sa.select(
            events.c.run_id,
            sa.func.count().label("rows"),
            sa.func.count(events.c.seq.distinct()).label("seqs"),
            sa.func.min(events.c.seq).label("first_seq"),
            sa.func.max(events.c.seq).label("last_seq"),
        )
        .group_by(events.c.run_id)
        .subquery()
    )
    settled = (
        sa.select(
            run_range.c.run_id,
            sa.func.count().label("ranges"),
            sa.func.min(run_range.c.first_seq).label("first_seq"),
            sa.func.sum(run_range.c.last_seq - run_range.c.first_seq + 1).label("seqs"),
        )
        .group_by(run_range.c.run_id)
        .subquery()
    )
    dead = (
        sa.select(dead_letter.c.run_id, sa.func.count(dead_letter.c.seq.distinct()).label("seqs"))
        .where(dead_letter.c.consumer_group == "recorder")
        .group_by(dead_letter.c.run_id)
        .subquery()
    )
    query = (
        sa.select(
            run.c.id,
            run.c.last_seq,
            (camera.c.kept_from_at > run.c.started_at).label("pruned"),
            counted.c.rows,
            counted.c.seqs,
            counted.c.first_seq,
            counted.c.last_seq.label("last_row_seq"),
            settled.c.ranges,
            settled.c.first_seq.label("first_settled_seq"),
            settled.c.seqs.label("settled"),
            sa.func.coalesce(dead.c.seqs, 0).label("dead"),
        )
        .join(camera, camera.c.id == run.c.camera_id)
        .outerjoin(counted, counted.c.run_id == run.c.id)
        .outerjoin(settled, settled.c.run_id == run.c.id)
        .outerjoin(dead, dead.c.run_id == run.c.id)
        .order_by(run.c.id)
    )
    for row in connection.execute(query):
        for detail in _judge_run(row):
            yield Finding("runs", f"run {row.id}: {detail}")


def _is_kept(connection: sa.Connection, at: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """Return what holds for an event that retention has spared, as it has all after it in its run.

    Near the border an interval may be gone whose seq is above that of a kept camera event; no event
    is out of time by more than an interval's length.
    """
    borders = connection.scalars(sa.select(camera.c.kept_from_at).distinct())
    return sa.or_(
        camera.c.kept_from_at.is_(None),
        camera.c.kept_from_at <= run.c.started_at,
        *(
            sa.and_(
                camera.c.kept_from_at == border_at,
                at >= border_at + timedelta(seconds=MAX_INTERVAL_S),
            )
            for border_at in borders
            if border_at is not None
        ),
    )


def _judge_run(row: Any) -> Iterator[str]:
    if row.ranges != 1 or row.first_settled_seq != 1 or row.settled != row.last_seq:
        yield f"{row.last_seq - (row.settled or 0)} of {row.last_seq} events have not arrived"
    if row.rows is None:
        if not row.pruned and (row.settled or 0) > row.dead:
            yield f"{row.settled} events were stored, but their rows are gone"
        return
    if row.rows != row.seqs:
        yield f"{row.rows - row.seqs} events are stored twice"
    if row.last_row_seq > row.last_seq:
        yield f"a row has seq {row.last_row_seq}, but last_seq is {row.last_seq}"
    if not row.pruned:
        if row.dead:
            yield f"{row.dead} of {row.last_seq} events are dead letters"
        gone = (row.settled or 0) - row.dead - row.seqs
        if gone > 0:
            yield f"{gone} events were stored, but their rows are gone"
        elif gone < 0:
            yield f"{-gone} rows are not in the ledger"
    elif row.seqs != row.last_row_seq - row.first_seq + 1 - row.dead:
        yield "rows are missing between those that are kept"


def check_observations(connection: sa.Connection) -> Iterator[Finding]:
    """Find intervals whose ``faces`` is not the count of their observations, and strays."""
    counted = (
        sa.select(
            observation.c.run_id,
            observation.c.seq,
            sa.func.count().label("faces"),
            sa.func.min(observation.c.observed_at).label("at"),
        )
        .group_by(observation.c.run_id, observation.c.seq)
        .subquery()
    )
    same = sa.and_(counted.c.run_id == interval.c.run_id, counted.c.seq == interval.c.seq)
    # A crowd has none: nobody is told of alone.
    faces = sa.case((interval.c.crowd.is_(sa.null()), interval.c.faces), else_=0)
    wrong = (
        sa.select(interval.c.run_id, interval.c.seq, interval.c.faces, counted.c.faces.label("n"))
        .outerjoin(counted, same)
        .where(faces != sa.func.coalesce(counted.c.faces, 0))
    )
    for row in connection.execute(wrong):
        detail = f"{row.faces} faces, but {row.n or 0} observations"
        yield Finding("observations", f"run {row.run_id} seq {row.seq}: {detail}")
    strays = (
        sa.select(counted.c.run_id, counted.c.seq)
        .outerjoin(interval, same)
        .where(interval.c.run_id.is_(None))
    )
    for stray in connection.execute(strays):
        yield Finding("observations", f"run {stray.run_id} seq {stray.seq}: there is no interval")


def check_tracks(connection: sa.Connection) -> Iterator[Finding]:
    """Find tracks that differ from their observations."""
    counted = (
        sa.select(
            observation.c.run_id,
            observation.c.track_id,
            sa.func.count().label("intervals"),
            sa.func.sum(observation.c.frames).label("frames"),
        )
        .group_by(observation.c.run_id, observation.c.track_id)
        .subquery()
    )
    same = sa.and_(counted.c.run_id == track.c.run_id, counted.c.track_id == track.c.track_id)
    query = (
        sa.select(track.c.run_id, track.c.track_id)
        .join(camera, camera.c.id == track.c.camera_id)
        .outerjoin(counted, same)
        .where(
            sa.or_(camera.c.kept_from_at.is_(None), camera.c.kept_from_at <= track.c.first_seen_at),
            sa.or_(
                track.c.intervals != sa.func.coalesce(counted.c.intervals, 0),
                track.c.frames != sa.func.coalesce(counted.c.frames, 0),
            ),
        )
    )
    for row in connection.execute(query):
        yield Finding("tracks", f"run {row.run_id} track {row.track_id}: not its observations")


CHECKS = (check_runs, check_observations, check_tracks, check_sums)
"""Checks of the rows, for a database whose schema is this version's."""
