"""Who is in view now, as far as SQL knows: the faces of a camera's newest interval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from surveil.domain import EMOTIONS, Box, Emotion
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
