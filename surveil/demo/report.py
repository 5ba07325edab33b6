"""What a demo left in SQL: timelines, alerts, gaps; and whether that is all it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from surveil.domain import EMOTIONS, Emotion, IntervalEvent
from surveil.store import Connection
from surveil.store.reading import AlertRow, GapRow, count_runs, load_fired, load_gaps, replay
from surveil.store.scope import Scope

EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
MAX_ROWS = 1000
"""Alerts and gaps read; a demo leaves some ten of each."""
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


def read_report(connection: Connection, cameras: Sequence[str]) -> DemoReport:
    """Read all of it; meant for a database that holds minutes, not months."""
    scope = Scope.all()
    counts = count_runs(connection, scope)
    return DemoReport(
        timelines={camera: _read_timeline(connection, camera) for camera in cameras},
        alerts=load_fired(connection, scope, rule=None, limit=MAX_ROWS),
        gaps=load_gaps(connection, scope, since_at=EVER[0], limit=MAX_ROWS),
        events=counts.events,
        observations=counts.observations,
        runs=counts.runs,
        uneven_runs=counts.uneven,
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
        alerts=[one for one in report.alerts if one.fired_at and one.fired_at >= begin],
        gaps=[gap for gap in report.gaps if gap.to_at > begin and gap.lasted_s >= SLIVER_S],
    )


def _read_timeline(connection: Connection, camera: str) -> list[Second]:
    events = replay(connection, Scope.only([camera]), *EVER)
    # The first and last intervals of a run may be slivers, in which no frame was due.
    intervals = [
        event
        for event in events
        if isinstance(event, IntervalEvent)
        and (event.frames.analysed or (event.to_at - event.from_at).total_seconds() >= SLIVER_S)
    ]
    if not intervals:
        return []
    begins = [_second(event.from_at) for event in intervals]
    analysed = {_second(event.from_at) for event in intervals if event.frames.analysed}
    scores: dict[datetime, list[tuple[float, ...]]] = {}
    for event in intervals:
        scores.setdefault(_second(event.from_at), []).extend(vote.scores for vote in event.tracks)
    first, last = min(begins), max(begins)
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
