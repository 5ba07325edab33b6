"""Sums of each minute, or second, of one camera over a span of time, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from surveil.domain import EMOTIONS, CameraState, Emotion, Reason
from surveil.store.reading.timelines import list_cameras
from surveil.store.scope import Scope
from surveil.store.tables import camera_event, coverage_1m, interval, observation, timeline_1m

MINUTE_S = 60
WHOLE_S = 59.9
"""A minute of which that much was analysed was analysed in whole."""


@dataclass(frozen=True, slots=True)
class MinuteSums:
    """Of ``N`` consecutive minutes.

    Attributes:
        votes: By emotion, shape ``(N,)``.
        faces: Votes of all emotions, shape ``(N,)``.
        is_whole: Whether all of it was analysed in intervals of the usual length, and no change of
            the camera's state lies in it, shape ``(N,)``.
    """

    votes: dict[Emotion, NDArray[np.int64]]
    faces: NDArray[np.int64]
    is_whole: NDArray[np.bool_]


def first_word_at(
    connection: sa.Connection, scope: Scope, since_at: datetime, until_at: datetime
) -> datetime | None:
    """Return when inference first spoke of a camera in a span of time; None if it did not."""
    spoke = [
        connection.scalar(
            sa.select(interval.c.to_at)
            .where(
                interval.c.camera_id == camera_id,
                interval.c.from_at >= since_at,
                interval.c.from_at < until_at,
            )
            .order_by(interval.c.from_at)
            .limit(1)
        )
        for camera_id in list_cameras(connection, scope)
    ]
    table = camera_event
    told = connection.scalar(
        sa.select(sa.func.min(table.c.at)).where(
            scope.admits(table.c.camera_id),
            table.c.at >= since_at,
            table.c.at < until_at,
            table.c.reason != Reason.STARTING.value,
            table.c.state != CameraState.STOPPED.value,
        )
    )
    return min((at for at in (*spoke, told) if at is not None), default=None)


def read_minutes(
    connection: sa.Connection,
    scope: Scope,
    camera_id: str,
    since_at: datetime,
    count: int,
    *,
    interval_s: float,
) -> MinuteSums:
    """Return the sums of so many minutes.

    Args:
        connection: Of one transaction.
        scope: Must see the camera; of another one there is nothing.
        camera_id: Whose.
        since_at: Start of the first one, a whole minute.
        count: How many.
        interval_s: Usual length of an interval.
    """
    votes = {emotion: np.zeros(count, np.int64) for emotion in EMOTIONS}
    faces, is_whole = np.zeros(count, np.int64), np.zeros(count, bool)
    until_at = since_at + timedelta(minutes=count)
    if not scope.sees(camera_id):
        return MinuteSums(votes, faces, is_whole)

    def place(at: datetime) -> int:
        return int((at - since_at).total_seconds()) // MINUTE_S

    table = timeline_1m
    rows = connection.execute(
        sa.select(table.c.bucket_at, table.c.emotion, table.c.votes).where(
            table.c.camera_id == camera_id,
            table.c.bucket_at >= since_at,
            table.c.bucket_at < until_at,
            table.c.votes > 0,
        )
    )
    for at, emotion, number in rows:
        index = place(at)
        votes[Emotion(emotion)][index] = number
        faces[index] += number
    cover = coverage_1m
    whole = connection.scalars(
        sa.select(cover.c.bucket_at).where(
            cover.c.camera_id == camera_id,
            cover.c.bucket_at >= since_at,
            cover.c.bucket_at < until_at,
            cover.c.analysed_s >= WHOLE_S,
            cover.c.intervals >= int(MINUTE_S / interval_s),
        )
    )
    for at in whole:
        is_whole[place(at)] = True
    changes = connection.scalars(
        sa.select(camera_event.c.at).where(
            camera_event.c.camera_id == camera_id,
            camera_event.c.at >= since_at,
            camera_event.c.at < until_at,
        )
    )
    for at in changes:
        is_whole[place(at)] = False
    return MinuteSums(votes, faces, is_whole)


def read_seconds(
    connection: sa.Connection, scope: Scope, camera_id: str, since_at: datetime, count: int
) -> dict[Emotion, NDArray[np.int64]]:
    """Return the votes of single faces in each of so many seconds, by emotion.

    Args:
        connection: Of one transaction.
        scope: Must see the camera; of another one there is nothing.
        camera_id: Whose.
        since_at: Start of the first one.
        count: How many.
    """
    places: dict[str, list[float]] = {emotion.value: [] for emotion in EMOTIONS}
    if scope.sees(camera_id):
        rows = connection.execute(
            _OBSERVED,
            {
                "camera": camera_id,
                "since": since_at,
                "until": since_at + timedelta(seconds=count),
            },
        )
        for at, emotion in rows:
            places[emotion].append(at.timestamp())
    since_s = since_at.timestamp()
    return {
        emotion: np.bincount(
            np.floor(np.asarray(places[emotion.value], np.float64) - since_s).astype(np.int64),
            minlength=count,
        )
        for emotion in EMOTIONS
    }


_OBSERVED = sa.select(observation.c.observed_at, observation.c.emotion).where(
    observation.c.camera_id == sa.bindparam("camera"),
    observation.c.observed_at >= sa.bindparam("since"),
    observation.c.observed_at < sa.bindparam("until"),
)
