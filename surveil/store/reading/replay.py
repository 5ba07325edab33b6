"""Stored events once more, as the recorder was handed them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import heappop, heappush, merge
from typing import Any

import sqlalchemy as sa

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.store.reading.timelines import list_cameras
from surveil.store.rows import crowd_of, span
from surveil.store.scope import Scope
from surveil.store.tables import camera_event, interval, observation

HELD_EVENTS = 20_000


def replay(
    connection: sa.Connection,
    scope: Scope,
    since_at: datetime,
    until_at: datetime,
    *,
    held_events: int = HELD_EVENTS,
) -> Iterator[Event]:
    """Yield the stored events that began within a span of time, in order of time.

    An event's place is the instant up to which it tells something: an interval's end, a change's
    own. Events of the same instant come by run and ``seq``. Memory is bounded however long the span
    is; what retention has deleted does not come.

    Args:
        connection: Of one transaction, in use until the iterator ends.
        scope: Whose events.
        since_at: Start of the span.
        until_at: Its end, which is no part of it.
        held_events: About how many are held at once; at least two for each camera.
    """
    cameras = list_cameras(connection, scope)
    page_rows = max(1, held_events // max(1, 2 * len(cameras)))
    streams: list[Iterator[Event]] = []
    for camera_id in cameras:
        streams.append(_intervals(connection, camera_id, since_at, until_at, page_rows))
        streams.append(_changes(connection, camera_id, since_at, until_at, page_rows))
    return merge(*streams, key=_place)


def _place(event: Event) -> tuple[datetime, str, int]:
    return span(event)[1], event.run, event.seq


def _intervals(
    connection: sa.Connection,
    camera_id: str,
    since_at: datetime,
    until_at: datetime,
    page_rows: int,
) -> Iterator[Event]:
    held: list[tuple[tuple[datetime, str, int], IntervalEvent]] = []
    pages = _pages(
        connection, interval, interval.c.from_at, camera_id, since_at, until_at, page_rows
    )
    for page in pages:
        votes = _votes_of(connection, camera_id, page)
        for row in page:
            event = _interval_of(row, tuple(votes.get((row.run_id, row.seq), ())))
            # Rows come by their start; one that began earlier may end later than those behind it.
            while held and held[0][0][0] <= event.from_at:
                yield heappop(held)[1]
            heappush(held, (_place(event), event))
    while held:
        yield heappop(held)[1]


def _changes(
    connection: sa.Connection,
    camera_id: str,
    since_at: datetime,
    until_at: datetime,
    page_rows: int,
) -> Iterator[Event]:
    pages = _pages(
        connection, camera_event, camera_event.c.at, camera_id, since_at, until_at, page_rows
    )
    for page in pages:
        for row in page:
            yield CameraEvent(
                camera=row.camera_id,
                run=row.run_id,
                seq=row.seq,
                at=row.at,
                state=CameraState(row.state),
                reason=Reason(row.reason),
                detail=row.detail,
                attributes=row.attributes,
            )


def _pages(
    connection: sa.Connection,
    table: sa.Table,
    column: sa.Column[Any],
    camera_id: str,
    since_at: datetime,
    until_at: datetime,
    page_rows: int,
) -> Iterator[Sequence[Any]]:
    """Yield a camera's rows by instant, run and ``seq``, so many at a time."""
    order = (column, table.c.run_id, table.c.seq)
    query = sa.select(table).where(table.c.camera_id == camera_id, column < until_at)
    query = query.order_by(*order).limit(page_rows)
    page = connection.execute(query.where(column >= since_at)).all()
    while page:
        yield page
        if len(page) < page_rows:
            return
        last = page[-1]._mapping
        at, run_id, seq = (last[key] for key in order)
        behind = sa.or_(
            column > at,
            table.c.run_id > run_id,
            sa.and_(table.c.run_id == run_id, table.c.seq > seq),
        )
        page = connection.execute(query.where(column >= at, behind)).all()


def _votes_of(
    connection: sa.Connection, camera_id: str, page: Sequence[Any]
) -> dict[tuple[str, int], list[TrackVote]]:
    query = (
        sa.select(observation)
        .where(
            observation.c.camera_id == camera_id,
            observation.c.observed_at.between(page[0].from_at, page[-1].from_at),
        )
        .order_by(observation.c.track_id)
    )
    votes: dict[tuple[str, int], list[TrackVote]] = {}
    for row in connection.execute(query):
        votes.setdefault((row.run_id, row.seq), []).append(_vote_of(row))
    return votes


def _interval_of(row: Any, tracks: tuple[TrackVote, ...]) -> IntervalEvent:
    return IntervalEvent(
        camera=row.camera_id,
        run=row.run_id,
        seq=row.seq,
        from_at=row.from_at,
        to_at=row.to_at,
        frames=FrameCounts(
            captured=row.captured,
            sampled=row.sampled,
            analysed=row.analysed,
            gated=row.gated,
            stale=row.dropped_stale,
            busy=row.dropped_busy,
            decode=row.dropped_decode,
        ),
        tracks=tracks,
        model=row.model_id,
        crowd=None if row.crowd is None else crowd_of(row.crowd),
    )


def _vote_of(row: Any) -> TrackVote:
    return TrackVote(
        track_id=row.track_id,
        frames=row.frames,
        box=Box(row.x1, row.y1, row.x2, row.y2),
        score=row.score,
        face_px=row.face_px,
        emotion=Emotion(row.emotion),
        confidence=row.confidence,
        scores=tuple(getattr(row, emotion.value) for emotion in EMOTIONS),
    )
