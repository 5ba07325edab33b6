"""Read timelines: values with their coverage beside them, so that a gap never reads as calm."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from surveil.domain import EMOTIONS, CameraState, Reason
from surveil.errors import ConfigError
from surveil.store.gap_coverage import stored_gaps
from surveil.store.gaps import Gap, name_reason
from surveil.store.rows import MAX_INTERVAL_S, crowd_sums
from surveil.store.scope import Scope
from surveil.store.tables import COVERAGES, TIMELINES, camera, camera_event, interval, observation

NO_DATA = "no-data"
"""Reason of time before a camera's first event, and after its last one if that was no trouble."""
LATE_S = 5.0
"""Events of the last seconds may still be on their way to SQL: that is no gap."""


class NothingStoredError(ConfigError):
    """Nothing is stored of a camera, or none of it may be seen."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One camera in one span of time.

    Attributes:
        camera: Camera id.
        from_at: Start.
        to_at: End; the present, in the bucket that is not over yet.
        coverage: Part of the time that was analysed, 0..1.
        analysed_s: The same in seconds.
        reason: Why the greatest part of the rest was not; None where nothing is missing.
        votes: By emotion, in the order of ``EMOTIONS``; a vote is one track in one interval.
        shares: Part of all votes by emotion, 0..1; None where nobody was seen.
        scores: Mean calibrated score by emotion over all votes; None where nobody was seen.
        confidences: Mean confidence of the votes for each emotion; None without such a vote.
    """

    camera: str
    from_at: datetime
    to_at: datetime
    coverage: float
    analysed_s: float
    reason: str | None
    votes: tuple[int, ...]
    shares: tuple[float | None, ...]
    scores: tuple[float | None, ...]
    confidences: tuple[float | None, ...]

    @property
    def all_votes(self) -> int:
        """Votes of all emotions together."""
        return sum(self.votes)


@dataclass
class _Cell:
    analysed_s: float = 0.0
    gaps_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    votes: list[int] = field(default_factory=lambda: [0] * len(EMOTIONS))
    scores: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))
    confidences: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))


def list_cameras(connection: sa.Connection, scope: Scope) -> list[str]:
    """Return the ids of the cameras of which anything is stored."""
    query = sa.select(camera.c.id).where(scope.admits(camera.c.id)).order_by(camera.c.id)
    return list(connection.scalars(query))


def read_timeline(
    connection: sa.Connection,
    scope: Scope,
    camera_id: str,
    edges: Sequence[datetime],
    now: datetime,
) -> list[Bucket]:
    """Return one camera's buckets, one for each pair of neighbouring edges that has begun.

    Rollups are read where all edges are whole hours or minutes, else the raw rows; both say the
    same of the same time.

    Args:
        connection: Of one transaction.
        scope: Which cameras may be read; another one is as good as unknown.
        camera_id: Whose.
        edges: Rising instants, at least two.
        now: The present; the bucket that it lies in ends there.

    Raises:
        NothingStoredError: There is no such camera.
        ConfigError: The raw rows that the edges need are deleted already.
    """
    size = choose_source(edges[: bisect_left(edges, now) + 1])
    if edges[-1] > now:
        edges = [*(edge for edge in edges if edge < now), now]
    if len(edges) < 2:
        return []
    query = sa.select(camera).where(camera.c.id == camera_id, scope.admits(camera.c.id))
    known = connection.execute(query).one_or_none()
    if known is None:
        raise NothingStoredError(f"nothing is stored of a camera {camera_id!r}")
    sums = [_Cell() for _ in edges[1:]]
    if size is not None:
        _add_rollups(connection, camera_id, edges, sums, size)
    elif known.kept_from_at is not None and edges[0] < known.kept_from_at:
        raise ConfigError(
            f"what is older than {known.kept_from_at:%Y-%m-%d} is kept by the minute only: "
            "choose a bucket of whole minutes"
        )
    else:
        _add_raw(connection, camera_id, edges, sums)
    if known.first_seen_at > edges[0]:
        _add_gap(Gap(edges[0], known.first_seen_at, NO_DATA, 0), edges, sums)
    if (now - known.last_seen_at).total_seconds() > LATE_S:
        reason = _last_trouble(connection, camera_id)
        _add_gap(Gap(known.last_seen_at, edges[-1], reason, 0), edges, sums)
    return [_finish(camera_id, edges[i], edges[i + 1], cell) for i, cell in enumerate(sums)]


def choose_source(edges: Sequence[datetime]) -> int | None:
    """Return the length of the rollup's buckets that fit between all edges; None: raw rows."""
    for bucket_s in sorted(TIMELINES, reverse=True):
        if all(edge.timestamp() % bucket_s == 0 for edge in edges):
            return bucket_s
    return None


def _add_rollups(
    connection: sa.Connection,
    camera_id: str,
    edges: Sequence[datetime],
    sums: list[_Cell],
    size: int,
) -> None:
    order = {emotion.value: i for i, emotion in enumerate(EMOTIONS)}
    timeline, coverage = TIMELINES[size], COVERAGES[size]
    t, c = timeline.c, coverage.c
    wanted = (t.bucket_at, t.emotion, t.votes, t.score_sum, t.confidence_sum)
    for at, emotion, votes, score, confidence in _rows(
        connection, timeline, wanted, camera_id, edges
    ):
        cell, i = sums[_place(edges, at)], order[emotion]
        cell.votes[i] += votes
        cell.scores[i] += score
        cell.confidences[i] += confidence
    noted: list[defaultdict[str, float]] = [defaultdict(float) for _ in sums]
    covered = (c.bucket_at, c.analysed_s, c.reason, c.gap_s)
    for at, analysed_s, reason, gap_s in _rows(connection, coverage, covered, camera_id, edges):
        place = _place(edges, at)
        sums[place].analysed_s += analysed_s
        if reason is not None:
            noted[place][reason] += gap_s
    for gap in stored_gaps(connection, camera_id, edges[0], edges[-1]):
        _add_gap(gap, edges, sums)
    # Of times long ago the gaps may be deleted, while what the buckets note of them is kept.
    for cell, reasons in zip(sums, noted, strict=True):
        for reason, seconds in reasons.items():
            cell.gaps_s[reason] = max(cell.gaps_s[reason], seconds)


def _add_raw(
    connection: sa.Connection, camera_id: str, edges: Sequence[datetime], sums: list[_Cell]
) -> None:
    order = {emotion.value: i for i, emotion in enumerate(EMOTIONS)}
    o, n = observation.c, interval.c
    seen = (o.observed_at, o.emotion, o.confidence, *(o[emotion.value] for emotion in EMOTIONS))
    for at, emotion, confidence, *scores in _rows(connection, observation, seen, camera_id, edges):
        cell, i = sums[_place(edges, at)], order[emotion]
        cell.votes[i] += 1
        cell.confidences[i] += confidence
        for j, score in enumerate(scores):
            cell.scores[j] += score
    # An interval that began before the first edge may reach over it.
    early = [edges[0] - timedelta(seconds=MAX_INTERVAL_S), *edges[1:]]
    told = (n.from_at, n.to_at, n.analysed, n.crowd)
    for from_at, to_at, analysed, crowd in _rows(connection, interval, told, camera_id, early):
        if crowd is not None and from_at >= edges[0]:
            cell = sums[_place(edges, from_at)]
            for j, (votes, score, confidence) in enumerate(crowd_sums(crowd)):
                cell.votes[j] += votes
                cell.scores[j] += score
                cell.confidences[j] += confidence
        if analysed > 0:
            for i, seconds in _split(edges, from_at, to_at):
                sums[i].analysed_s += seconds
    for gap in stored_gaps(connection, camera_id, edges[0], edges[-1]):
        _add_gap(gap, edges, sums)


def _last_trouble(connection: sa.Connection, camera_id: str) -> str:
    query = (
        sa.select(camera_event.c.state, camera_event.c.reason)
        .where(camera_event.c.camera_id == camera_id)
        .where(
            sa.or_(
                camera_event.c.state != CameraState.CONNECTING.value,
                camera_event.c.reason == Reason.STARTING.value,
            )
        )
        .order_by(camera_event.c.at.desc(), camera_event.c.run_id.desc(), camera_event.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None or (row.state == CameraState.LIVE and row.reason != Reason.STARTING):
        return NO_DATA
    return name_reason(row.state, row.reason)


def _add_gap(gap: Gap, edges: Sequence[datetime], sums: list[_Cell]) -> None:
    for i, seconds in _split(edges, gap.from_at, gap.to_at):
        sums[i].gaps_s[gap.reason] += seconds


def _rows(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[sa.Column[Any]],
    camera_id: str,
    edges: Sequence[datetime],
) -> Iterator[Any]:
    """Yield columns of one camera's rows; the first has the instant that lies within the edges."""
    at = columns[0]
    query = sa.select(*columns).where(
        table.c.camera_id == camera_id, at >= edges[0], at < edges[-1]
    )
    yield from connection.execute(query, execution_options={"yield_per": 5000})


def _place(edges: Sequence[datetime], at: datetime) -> int:
    return bisect_right(edges, at) - 1


def _split(
    edges: Sequence[datetime], from_at: datetime, to_at: datetime
) -> Iterator[tuple[int, float]]:
    """Yield the buckets that a span touches, with its seconds in each."""
    i = max(0, _place(edges, from_at))
    while i < len(edges) - 1 and edges[i] < to_at:
        start_at, end_at = max(edges[i], from_at), min(edges[i + 1], to_at)
        if end_at > start_at:
            yield i, (end_at - start_at).total_seconds()
        i += 1


def _finish(camera_id: str, from_at: datetime, to_at: datetime, sums: _Cell) -> Bucket:
    length_s = (to_at - from_at).total_seconds()
    faces = sum(sums.votes)
    return Bucket(
        camera=camera_id,
        from_at=from_at,
        to_at=to_at,
        coverage=min(1.0, sums.analysed_s / length_s),
        analysed_s=sums.analysed_s,
        reason=min(sums.gaps_s, key=lambda r: (-sums.gaps_s[r], r)) if sums.gaps_s else None,
        votes=tuple(sums.votes),
        shares=tuple(votes / faces if faces else None for votes in sums.votes),
        scores=tuple(score / faces if faces else None for score in sums.scores),
        confidences=tuple(
            total / votes if votes else None
            for total, votes in zip(sums.confidences, sums.votes, strict=True)
        ),
    )
