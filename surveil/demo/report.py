"""What a demo left in SQL: timelines, alerts, gaps; and whether that is all it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from surveil.domain import EMOTIONS, Emotion
from surveil.store import tables

SLIVER_S = 0.5
"""Shorter intervals without analysed frames, and shorter gaps, are not worth a person's look."""


@dataclass(frozen=True, slots=True)
class Second:
    """One second of a camera's timeline.

    ``scores`` are means over the faces, empty without faces. ``is_analysed`` is false in a gap.
    """

    at: datetime
    is_analysed: bool
    faces: int
    scores: Mapping[Emotion, float]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert instance, in event time."""

    rule: str
    key: str
    fired_at: datetime
    resolved_at: datetime | None
    summary: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """One stretch of time that was not analysed."""

    camera: str
    from_at: datetime
    to_at: datetime
    reason: str
    frames_lost: int

    @property
    def lasted_s(self) -> float:
        return (self.to_at - self.from_at).total_seconds()


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything that a demo shows at its end.

    ``uneven_runs`` are runs in which ``max(seq)`` differs from the count of events: lost or stored
    twice.
    """

    timelines: Mapping[str, Sequence[Second]]
    alerts: Sequence[AlertRow]
    gaps: Sequence[GapRow]
    events: int
    observations: int
    runs: int
    uneven_runs: Sequence[str]


def read_report(connection: sa.Connection, cameras: Sequence[str]) -> DemoReport:
    """Read all of it; meant for a database that holds minutes, not months."""
    uneven, runs, events = _count_runs(connection)
    return DemoReport(
        timelines={camera: _read_timeline(connection, camera) for camera in cameras},
        alerts=_read_alerts(connection),
        gaps=_read_gaps(connection),
        events=events,
        observations=connection.scalar(sa.select(sa.func.count()).select_from(tables.observation))
        or 0,
        runs=runs,
        uneven_runs=uneven,
    )


def find_failures(
    report: DemoReport, *, blind_camera: str | None, happy_rule: str, blind_rule: str
) -> list[str]:
    """Return in words what a demo should have done and did not.

    Args:
        report: What it left.
        blind_camera: The camera whose outage was staged; ``None`` where all cameras are real,
            of which nobody knows what they see.
        happy_rule: Must have fired and resolved, unless the cameras are real.
        blind_rule: The same for the outage.
    """
    failures = [
        f"{camera}: no second was analysed"
        for camera, seconds in report.timelines.items()
        if not any(second.is_analysed for second in seconds)
    ]
    failures += [f"run {run}: events lost or stored twice" for run in report.uneven_runs]
    if blind_camera is None:
        return failures
    if not report.observations:
        failures.append("no face was stored")
    if not any(alert.rule == happy_rule and alert.resolved_at for alert in report.alerts):
        failures.append(f"no alert of {happy_rule} fired and resolved")
    if not any(
        alert.rule == blind_rule and alert.key == blind_camera and alert.resolved_at
        for alert in report.alerts
    ):
        failures.append(f"the alert {blind_rule} of {blind_camera} did not fire and resolve")
    if not any(gap.camera == blind_camera and gap.lasted_s >= 2 for gap in report.gaps):
        failures.append(f"the outage of {blind_camera} is not stored as a gap")
    return failures


def since_begin(report: DemoReport) -> DemoReport:
    """Return a report without what happened before all cameras were analysed, and without slivers.

    While the model loads nothing is analysed, which is a gap, and on a slow machine an alert.
    """
    first = [
        next((one.at for one in seconds if one.is_analysed), None)
        for seconds in report.timelines.values()
    ]
    begins = [at for at in first if at is not None]
    if not begins:
        return report
    begin = max(begins)
    return replace(
        report,
        timelines={
            camera: [one for one in seconds if one.at >= begin]
            for camera, seconds in report.timelines.items()
        },
        alerts=[alert for alert in report.alerts if alert.fired_at >= begin],
        gaps=[gap for gap in report.gaps if gap.to_at > begin and gap.lasted_s >= SLIVER_S],
    )


def firing(connection: sa.Connection) -> list[tuple[str, str]]:
    """Return rule and key of the alerts that fire now."""
    alert = tables.alert
    query = (
        sa.select(alert.c.rule, alert.c.key)
        .where(alert.c.state.in_(("firing", "recovering")))
        .order_by(alert.c.fired_at)
    )
    return [(row.rule, row.key) for row in connection.execute(query)]


def _read_timeline(connection: sa.Connection, camera: str) -> list[Second]:
    interval, observation = tables.interval, tables.observation
    query = (
        sa.select(interval.c.from_at, interval.c.to_at, interval.c.analysed)
        .where(interval.c.camera_id == camera)
        .order_by(interval.c.from_at)
    )
    # The first and last intervals of a run may be slivers, in which no frame was due.
    spans = [
        row
        for row in connection.execute(query)
        if row.analysed or (row.to_at - row.from_at).total_seconds() >= SLIVER_S
    ]
    if not spans:
        return []
    analysed = {_second(row.from_at) for row in spans if row.analysed}
    scores: dict[datetime, list[tuple[float, ...]]] = {}
    columns = [observation.c[emotion.value] for emotion in EMOTIONS]
    votes = sa.select(observation.c.observed_at, *columns).where(observation.c.camera_id == camera)
    for at, *values in connection.execute(votes):
        scores.setdefault(_second(at), []).append(tuple(values))
    first, last = _second(spans[0].from_at), _second(spans[-1].from_at)
    seconds: list[Second] = []
    while first <= last:
        rows = scores.get(first, [])
        means = {
            emotion: sum(row[index] for row in rows) / len(rows)
            for index, emotion in enumerate(EMOTIONS)
            if rows
        }
        seconds.append(Second(first, first in analysed, len(rows), means))
        first += timedelta(seconds=1)
    return seconds


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _read_alerts(connection: sa.Connection) -> list[AlertRow]:
    alert = tables.alert
    query = sa.select(alert).where(alert.c.fired_at.is_not(None)).order_by(alert.c.fired_at)
    return [
        AlertRow(
            row.rule,
            row.key,
            row.fired_at,
            row.resolved_at,
            str(row.annotations.get("summary", "")),
        )
        for row in connection.execute(query)
    ]


def _read_gaps(connection: sa.Connection) -> list[GapRow]:
    gap = tables.gap
    return [
        GapRow(row.camera_id, row.from_at, row.to_at, row.reason, row.frames_lost)
        for row in connection.execute(sa.select(gap).order_by(gap.c.from_at))
    ]


def _count_runs(connection: sa.Connection) -> tuple[list[str], int, int]:
    """Return the runs with a hole or a duplicate, and the counts of runs and events."""
    every = sa.union_all(
        *(sa.select(one.c.run_id, one.c.seq) for one in (tables.interval, tables.camera_event))
    ).subquery()
    query = sa.select(
        every.c.run_id, sa.func.count().label("events"), sa.func.max(every.c.seq).label("last_seq")
    ).group_by(every.c.run_id)
    rows = connection.execute(query).all()
    uneven = [row.run_id for row in rows if row.events != row.last_seq]
    return uneven, len(rows), sum(row.events for row in rows)
