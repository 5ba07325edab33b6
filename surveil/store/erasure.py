"""Erase what a camera saw of people in a span of time.

Faces, tracks, sums of groups, and what minutes and hours have of them. That the camera ran stays:
intervals without anybody, states and gaps; so every event still has its row, and one that is sent
once more is known and not stored again. Alerts stay, too: they are what somebody was told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from surveil.errors import ConfigError
from surveil.names import CAMERA_ID
from surveil.store.audit import record
from surveil.store.cameras import lock_camera
from surveil.store.engine import reading, writing
from surveil.store.rollups import floor_to
from surveil.store.tables import (
    alert,
    camera,
    coverage_1h,
    coverage_1m,
    dead_letter,
    interval,
    observation,
    run,
    timeline_1h,
    timeline_1m,
    track,
)
from surveil.store.tracks import add_to_tracks

HOUR = timedelta(hours=1)
AT_ONCE = 500
"""Rows that one statement names."""

ERASED = "erased"
"""Reason of a dead letter that was emptied."""

_Key = TypeVar("_Key")
_SUMS = ("votes", "score_sum", "confidence_sum")


@dataclass(frozen=True, slots=True)
class Span:
    """Whole minutes of one camera.

    Attributes:
        camera: Its id.
        from_at: Start, UTC.
        to_at: End, UTC.
    """

    camera: str
    from_at: datetime
    to_at: datetime

    @classmethod
    def around(cls, camera_id: str, from_at: datetime, to_at: datetime) -> Span:
        """Return the whole minutes that a span of time touches.

        Raises:
            ConfigError: It ends before it begins.
        """
        if not from_at < to_at:
            raise ConfigError("--to must be later than --from")
        end_at = floor_to(to_at - timedelta(microseconds=1), 60) + timedelta(minutes=1)
        return cls(camera_id, floor_to(from_at, 60), end_at)

    def holds(self, column: sa.Column[datetime]) -> sa.ColumnElement[bool]:
        """Return the condition that a row is of the camera, and an instant of it in the span."""
        is_its = column.table.c.camera_id == self.camera
        return sa.and_(is_its, column >= self.from_at, column < self.to_at)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to erase, and what is told of it besides.

    Attributes:
        faces: Votes of single faces.
        tracks: Tracks that were seen in the span.
        groups: Intervals with the sums of a group.
        minutes: Rows by the minute.
        alerts: Alerts about the camera in the span, which stay.
        is_recent: Events of the span may be on their way to SQL.
    """

    faces: int
    tracks: int
    groups: int
    minutes: int
    alerts: int
    is_recent: bool


def look(engine: sa.Engine, span: Span, now: datetime) -> Found:
    """Count what :func:`erase` would erase.

    Raises:
        ConfigError: Nothing is stored of the camera.
    """
    with reading(engine) as connection:
        known = connection.execute(sa.select(camera).where(camera.c.id == span.camera)).first()
        if known is None:
            raise ConfigError(f"nothing is stored of a camera {span.camera!r}")
        is_group = interval.c.crowd.is_not(sa.null())
        return Found(
            faces=_count(connection, observation, span.holds(observation.c.observed_at)),
            tracks=_count(connection, track, _tracks(span)),
            groups=_count(connection, interval, span.holds(interval.c.from_at), is_group),
            minutes=_count(connection, timeline_1m, span.holds(timeline_1m.c.bucket_at)),
            alerts=_count(connection, alert, span.holds(alert.c.since_at)),
            is_recent=span.to_at > min(known.last_seen_at, now - HOUR),
        )


def erase(engine: sa.Engine, span: Span, *, actor: str, now: datetime) -> Iterator[int]:
    """Erase hour by hour, each in a transaction; yields after each how many faces it erased.

    Begun anew after it was ended on the way, it erases what is left. The audit log has its
    beginning and its end.

    Raises:
        UnavailableError: The database cannot be reached.
    """
    what = {"from_at": span.from_at.isoformat(), "to_at": span.to_at.isoformat()}
    record(engine, actor, "erase", f"camera {span.camera}", what, now=now)
    total, at = 0, span.from_at
    while at < span.to_at:
        end_at = min(floor_to(at, 3600) + HOUR, span.to_at)
        with writing(engine) as connection:
            count = _erase_hour(connection, Span(span.camera, at, end_at))
        total, at = total + count, end_at
        yield count
    with writing(engine) as connection:
        tracks = _erase_tracks(connection, span)
        letters = _erase_letters(connection, span.camera)
        done = {**what, "faces": total, "tracks": tracks, "dead_letters": letters}
        record(connection, actor, "erased", f"camera {span.camera}", done)
    yield 0


def _erase_hour(connection: sa.Connection, span: Span) -> int:
    """Erase a part of one hour; all of it was seen, or none."""
    lock_camera(connection, span.camera)
    seen, told = span.holds(observation.c.observed_at), span.holds(interval.c.from_at)
    faces = connection.execute(sa.delete(observation).where(seen)).rowcount
    connection.execute(sa.update(interval).where(told).values(faces=0, crowd=sa.null()))
    hour_at = floor_to(span.from_at, 3600)
    minutes = span.holds(timeline_1m.c.bucket_at)
    sums = sa.select(timeline_1m.c.emotion, *(sa.func.sum(timeline_1m.c[name]) for name in _SUMS))
    hour = sa.and_(timeline_1h.c.camera_id == span.camera, timeline_1h.c.bucket_at == hour_at)
    for emotion, *lost in connection.execute(sums.where(minutes).group_by(timeline_1m.c.emotion)):
        less = {name: timeline_1h.c[name] - one for name, one in zip(_SUMS, lost, strict=True)}
        connection.execute(
            sa.update(timeline_1h).where(hour, timeline_1h.c.emotion == emotion).values(less)
        )
    connection.execute(sa.delete(timeline_1m).where(minutes))
    left = sa.select(sa.func.coalesce(sa.func.sum(timeline_1h.c.votes), 0)).where(hour)
    if connection.execute(left).scalar_one() == 0:
        connection.execute(sa.delete(timeline_1h).where(hour))
    _erase_counts(connection, span, hour_at)
    return faces


def _erase_counts(connection: sa.Connection, span: Span, hour_at: datetime) -> None:
    minutes = span.holds(coverage_1m.c.bucket_at)
    lost = sa.select(sa.func.coalesce(sa.func.sum(coverage_1m.c.faces), 0)).where(minutes)
    faces = connection.execute(lost).scalar_one()
    connection.execute(sa.update(coverage_1m).where(minutes).values(faces=0))
    connection.execute(
        sa.update(coverage_1h)
        .where(coverage_1h.c.camera_id == span.camera, coverage_1h.c.bucket_at == hour_at)
        .values(faces=coverage_1h.c.faces - faces)
    )


def _erase_tracks(connection: sa.Connection, span: Span) -> int:
    """Delete the tracks of the span, and make those anew that were also seen outside of it."""
    lock_camera(connection, span.camera)
    found = connection.execute(sa.select(track.c.run_id, track.c.track_id).where(_tracks(span)))
    keys = [(row.run_id, row.track_id) for row in found]
    for some in _parts(keys):
        is_one = sa.tuple_(track.c.run_id, track.c.track_id).in_(some)
        connection.execute(sa.delete(track).where(is_one))
        is_seen = sa.tuple_(observation.c.run_id, observation.c.track_id).in_(some)
        rows: Sequence[Any] = connection.execute(sa.select(observation).where(is_seen)).all()
        add_to_tracks(connection, [dict(row._mapping) for row in rows])
    return len(keys)


def _erase_letters(connection: sa.Connection, camera_id: str) -> int:
    """Empty the dead letters of the camera, of whatever time: some cannot be read."""
    runs = sa.select(run.c.id).where(run.c.camera_id == camera_id)
    named = sa.cast(dead_letter.c.fields, sa.String).contains(camera_id, autoescape=True)
    is_run = dead_letter.c.run_id.in_(runs)
    found = sa.select(dead_letter.c.id, dead_letter.c.fields, is_run.label("is_run")).where(
        sa.or_(is_run, named), dead_letter.c.reason != ERASED
    )
    mine = [
        row.id
        for row in connection.execute(found)
        if row.is_run or _tells_of(camera_id, "\n".join(map(str, row.fields.values())))
    ]
    for some in _parts(mine):
        is_one = dead_letter.c.id.in_(some)
        connection.execute(sa.update(dead_letter).where(is_one).values(fields={}, reason=ERASED))
    return len(mine)


def _tells_of(camera_id: str, text: str) -> bool:
    """Return whether a text names this camera; one that names none is told by the id as a word."""
    named = re.findall(rf'"camera"\s*:\s*"({CAMERA_ID.pattern})"', text)
    words = named or re.findall(CAMERA_ID.pattern, text)
    return camera_id in words


def _parts(items: Sequence[_Key]) -> Iterator[Sequence[_Key]]:
    return (items[first : first + AT_ONCE] for first in range(0, len(items), AT_ONCE))


def _tracks(span: Span) -> sa.ColumnElement[bool]:
    return sa.and_(
        track.c.camera_id == span.camera,
        track.c.first_seen_at < span.to_at,
        track.c.last_seen_at >= span.from_at,
    )


def _count(connection: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*where)
    return connection.execute(query).scalar_one()
