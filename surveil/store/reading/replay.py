"""Stored events once more, as the recorder was handed them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from heapq import heappop, heappush, merge
from typing import Any

import sqlalchemy as sa

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
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
    cameras = list_cameras(connection, scope) if scope.cameras is None else sorted(scope.cameras)
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
    pages = _pages(connection, _INTERVALS, camera_id, since_at, until_at, page_rows)
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
    pages = _pages(connection, _CHANGES, camera_id, since_at, until_at, page_rows)
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


class _Paged:
    """A camera's rows by instant, run and ``seq``, so many at a time.

    Statements are made once: a replay asks them for thousands of short spans.
    """

    def __init__(self, table: sa.Table, column: sa.Column[Any]) -> None:
        self.order = (column, table.c.run_id, table.c.seq)
        self.first = (
            sa.select(table)
            .where(
                table.c.camera_id == sa.bindparam("camera"),
                column >= sa.bindparam("since"),
                column < sa.bindparam("until"),
            )
            .order_by(*self.order)
            .limit(sa.bindparam("rows"))
        )
        run: sa.BindParameter[Any] = sa.bindparam("run")
        self.behind = self.first.where(
            sa.or_(
                column > sa.bindparam("since"),
                table.c.run_id > run,
                sa.and_(table.c.run_id == run, table.c.seq > sa.bindparam("seq")),
            )
        )


_INTERVALS = _Paged(interval, interval.c.from_at)
_CHANGES = _Paged(camera_event, camera_event.c.at)


def _pages(
    connection: sa.Connection,
    paged: _Paged,
    camera_id: str,
    since_at: datetime,
    until_at: datetime,
    page_rows: int,
) -> Iterator[Sequence[Any]]:
    given = {"camera": camera_id, "since": since_at, "until": until_at, "rows": page_rows}
    page = connection.execute(paged.first, given).all()
    while page:
        yield page
        if len(page) < page_rows:
            return
        last = page[-1]._mapping
        at, run_id, seq = (last[key] for key in paged.order)
        given |= {"since": at, "run": run_id, "seq": seq}
        page = connection.execute(paged.behind, given).all()


_SCORES = tuple(observation.c[emotion.value] for emotion in EMOTIONS)
_VOTES = (
    sa.select(
        *(observation.c[name] for name in ("run_id", "seq", "track_id", "frames")),
        *(observation.c[name] for name in ("x1", "y1", "x2", "y2")),
        *(observation.c[name] for name in ("score", "face_px", "emotion", "confidence")),
        *_SCORES,
    )
    .where(
        observation.c.camera_id == sa.bindparam("camera"),
        observation.c.observed_at.between(sa.bindparam("since"), sa.bindparam("until")),
    )
    .order_by(observation.c.track_id)
)
_EMOTION = {emotion.value: emotion for emotion in EMOTIONS}


def _votes_of(
    connection: sa.Connection, camera_id: str, page: Sequence[Any]
) -> dict[tuple[str, int], list[TrackVote]]:
    given = {"camera": camera_id, "since": page[0].from_at, "until": page[-1].from_at}
    votes: dict[tuple[str, int], list[TrackVote]] = {}
    for run_id, seq, track_id, frames, x1, y1, x2, y2, *rest in connection.execute(_VOTES, given):
        score, face_px, emotion, confidence, *scores = rest
        votes.setdefault((run_id, seq), []).append(
            TrackVote(
                track_id=track_id,
                frames=frames,
                box=Box(x1, y1, x2, y2),
                score=score,
                face_px=face_px,
                emotion=_EMOTION[emotion],
                confidence=confidence,
                scores=tuple(scores),
            )
        )
    return votes


@lru_cache(maxsize=1024)
def _frames(
    captured: int, sampled: int, analysed: int, gated: int, stale: int, busy: int, decode: int
) -> FrameCounts:
    return FrameCounts(captured, sampled, analysed, stale, busy, decode, gated)


def _interval_of(row: Any, tracks: tuple[TrackVote, ...]) -> IntervalEvent:
    return IntervalEvent(
        camera=row.camera_id,
        run=row.run_id,
        seq=row.seq,
        from_at=row.from_at,
        to_at=row.to_at,
        frames=_frames(
            row.captured,
            row.sampled,
            row.analysed,
            row.gated,
            row.dropped_stale,
            row.dropped_busy,
            row.dropped_decode,
        ),
        tracks=tracks,
        model=row.model_id,
        crowd=None if row.crowd is None else crowd_of(row.crowd),
    )
