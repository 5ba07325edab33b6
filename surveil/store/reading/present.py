"""Who is in view now, as far as SQL knows: what the newest interval of a camera tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from surveil.domain import EMOTIONS, Box, Emotion
from surveil.store.reading.timelines import list_cameras
from surveil.store.scope import Scope
from surveil.store.tables import interval, observation


@dataclass(frozen=True, slots=True)
class PresentFace:
    """One face.

    Attributes:
        track_id: Unique within the run.
        emotion: What it is told to show.
        confidence: Mean score of that, 0..1.
        scores: Of all, in the order of ``EMOTIONS``.
        box: In fractions of the frame, 0..1.
        face_px: Longer side of the face in the picture.
    """

    track_id: int
    emotion: Emotion
    confidence: float
    scores: tuple[float, ...]
    box: Box
    face_px: int


@dataclass(frozen=True, slots=True)
class Present:
    """The newest interval of one camera that is stored.

    Attributes:
        to_at: Its end, UTC.
        faces: Those seen in it, the most certain first; the present says no more than that.
        analysed: Frames of it that were analysed; with none, nobody knows who is there.
    """

    to_at: datetime
    faces: tuple[PresentFace, ...]
    analysed: int


@dataclass(frozen=True, slots=True)
class Showing:
    """What the faces in view of one camera show, as its newest stored interval has it.

    Attributes:
        votes: How many show it, by emotion, in the order of ``EMOTIONS``.
        is_crowd: Whether single faces are not told of: then no votes mean fewer than the smallest
            group, which may be nobody.
    """

    votes: tuple[int, ...]
    is_crowd: bool


def load_showing(
    connection: sa.Connection, scope: Scope, *, since_at: datetime
) -> Mapping[str, Showing]:
    """Return what is shown now, by camera; of one that is not in it nobody knows.

    One query, however many cameras there are.

    Args:
        connection: Of one transaction.
        scope: Which cameras may be read.
        since_at: Intervals that began before are the past.
    """
    i, o = interval.c, observation.c
    newest = (
        sa.select(i.camera_id, sa.func.max(i.from_at).label("from_at"))
        .where(i.camera_id.in_(list_cameras(connection, scope)), i.from_at >= since_at)
        .group_by(i.camera_id)
        .subquery()
    )
    is_newest = sa.and_(i.camera_id == newest.c.camera_id, i.from_at == newest.c.from_at)
    is_of_it = sa.and_(o.run_id == i.run_id, o.seq == i.seq, o.observed_at == i.from_at)
    counts = [sa.func.count().filter(o.emotion == emotion.value) for emotion in EMOTIONS]
    rows = connection.execute(
        sa.select(i.camera_id, i.crowd, *counts)
        .select_from(newest.join(interval, is_newest).outerjoin(observation, is_of_it))
        .where(i.from_at >= since_at, i.analysed > 0)
        .group_by(i.camera_id, i.run_id, i.seq, i.from_at)
        .order_by(i.run_id)
    )
    return {
        id_: Showing(tuple(crowd["votes"] if crowd is not None else votes), crowd is not None)
        for id_, crowd, *votes in rows
    }


def load_present(
    connection: sa.Connection, scope: Scope, camera_id: str, *, since_at: datetime
) -> Present | None:
    """Return who is in view of a camera; None if nothing is stored of ``since_at`` and later.

    Args:
        connection: Of one transaction.
        scope: Which cameras may be read; of another nothing is known.
        camera_id: The camera.
        since_at: Intervals that began before are the past.
    """
    i, o = interval.c, observation.c
    newest = connection.execute(
        sa.select(i.run_id, i.seq, i.to_at, i.analysed)
        .where(scope.admits(i.camera_id), i.camera_id == camera_id, i.from_at >= since_at)
        .order_by(i.from_at.desc(), i.run_id.desc(), i.seq.desc())
        .limit(1)
    ).first()
    if newest is None:
        return None
    rows = connection.execute(
        sa.select(observation)
        .where(o.run_id == newest.run_id, o.seq == newest.seq, o.observed_at >= since_at)
        .order_by(o.confidence.desc(), o.track_id)
    )
    return Present(newest.to_at, tuple(map(_face_of, rows)), newest.analysed)


def _face_of(row: sa.Row[tuple[object, ...]]) -> PresentFace:
    values = row._mapping
    return PresentFace(
        track_id=values["track_id"],
        emotion=Emotion(values["emotion"]),
        confidence=values["confidence"],
        scores=tuple(values[emotion.value] for emotion in EMOTIONS),
        box=Box(values["x1"], values["y1"], values["x2"], values["y2"]),
        face_px=values["face_px"],
    )
