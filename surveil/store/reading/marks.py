"""What people said of alerts, and how often the alerts of a rule were right."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from surveil.proportions import wilson_interval
from surveil.store.marks import ACKNOWLEDGED, Verdict
from surveil.store.reading.alerts import AlertRow, alert_of
from surveil.store.scope import Scope
from surveil.store.tables import alert, alert_mark, timeline_1m

LONGEST_SAID = timedelta(minutes=10)
"""Of the time before an alert fired: what the model said of it is counted over the last of it."""


@dataclass(frozen=True, slots=True)
class MarkRow:
    """One thing that somebody said of an alert: ``acknowledged``, or a verdict."""

    kind: str
    by: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the model said: votes for an emotion, and their mean confidence, 0..1."""

    emotion: str
    votes: int
    confidence: float


@dataclass(frozen=True, slots=True)
class MarkedAlert:
    """An alert with the verdict that counts, and what the model had said when it fired.

    ``said`` is counted by the minute, from the one in which the condition began to hold to the one
    in which the alert fired, most votes first; it is empty for an alert about several cameras.
    """

    alert: AlertRow
    mark: MarkRow
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class RuleQuality:
    """How the alerts of one rule that fired in a span of time were judged."""

    rule: str
    from_at: datetime
    to_at: datetime
    fired: int
    right: int
    wrong: int
    unclear: int

    @property
    def judged(self) -> int:
        """Alerts that were marked right or wrong."""
        return self.right + self.wrong

    @property
    def precision(self) -> float | None:
        """Part of the judged ones that was right, 0..1; None where none was judged."""
        return self.right / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the precision (Wilson), as if the judged were drawn by lot."""
        return wilson_interval(self.right, self.judged)


def load_marks(connection: sa.Connection, scope: Scope, alert_id: str) -> list[MarkRow]:
    """Return everything that was said of an alert, the oldest first."""
    query = (
        sa.select(alert_mark)
        .where(alert_mark.c.alert_id == alert_id, scope.admits(alert_mark.c.camera_id))
        .order_by(alert_mark.c.id)
    )
    return [MarkRow(row.kind, row.author, row.at, row.note) for row in connection.execute(query)]


def load_marked(
    connection: sa.Connection,
    scope: Scope,
    verdict: Verdict,
    *,
    since_at: datetime,
    rule: str | None,
    limit: int,
) -> list[MarkedAlert]:
    """Return the last alerts fired since an instant with this verdict, the oldest first."""
    query = sa.select(alert).where(
        alert.c.verdict == verdict.value,
        alert.c.fired_at >= since_at,
        scope.admits(alert.c.camera_id),
    )
    if rule is not None:
        query = query.where(alert.c.rule == rule)
    rows = connection.execute(query.order_by(alert.c.fired_at.desc(), alert.c.id).limit(limit))
    alerts = [alert_of(row) for row in rows][::-1]
    return [
        MarkedAlert(one, _last_verdict(connection, one.id), _said(connection, one))
        for one in alerts
    ]


def measure_quality(
    connection: sa.Connection,
    scope: Scope,
    edges: Sequence[datetime],
    *,
    rule: str | None,
) -> list[RuleQuality]:
    """Return how the alerts of each rule were judged, in each span between neighbouring edges.

    Args:
        connection: Of one transaction.
        scope: Which alerts count.
        edges: Rising instants, at least two; an alert belongs to the span in which it fired.
        rule: One rule, or None for all.

    Returns:
        By rule, then by time; spans in which nothing fired are left out.
    """
    query = sa.select(alert.c.rule, alert.c.fired_at, alert.c.verdict).where(
        alert.c.fired_at >= edges[0], alert.c.fired_at < edges[-1], scope.admits(alert.c.camera_id)
    )
    if rule is not None:
        query = query.where(alert.c.rule == rule)
    counts: dict[tuple[str, int], Counter[str | None]] = {}
    for row in connection.execution_options(yield_per=5000).execute(query):
        place = bisect_right(edges, row.fired_at) - 1
        counts.setdefault((row.rule, place), Counter())[row.verdict] += 1
    return [
        RuleQuality(
            rule=name,
            from_at=edges[place],
            to_at=edges[place + 1],
            fired=found.total(),
            **{one.value: found[one.value] for one in Verdict},
        )
        for (name, place), found in sorted(counts.items())
    ]


def _last_verdict(connection: sa.Connection, alert_id: str) -> MarkRow:
    row = connection.execute(
        sa.select(alert_mark)
        .where(alert_mark.c.alert_id == alert_id, alert_mark.c.kind != ACKNOWLEDGED)
        .order_by(alert_mark.c.id.desc())
        .limit(1)
    ).one()
    return MarkRow(row.kind, row.author, row.at, row.note)


def _said(connection: sa.Connection, one: AlertRow) -> tuple[Said, ...]:
    if one.camera is None or one.fired_at is None:
        return ()
    first_at = max(one.since_at, one.fired_at - LONGEST_SAID).replace(second=0, microsecond=0)
    votes = sa.func.sum(timeline_1m.c.votes)
    query = (
        sa.select(
            timeline_1m.c.emotion,
            votes.label("votes"),
            sa.func.sum(timeline_1m.c.confidence_sum).label("confidence_sum"),
        )
        .where(
            timeline_1m.c.camera_id == one.camera,
            timeline_1m.c.bucket_at.between(first_at, one.fired_at),
        )
        .group_by(timeline_1m.c.emotion)
        .having(votes > 0)
        .order_by(votes.desc(), timeline_1m.c.emotion)
    )
    return tuple(
        Said(row.emotion, row.votes, row.confidence_sum / row.votes)
        for row in connection.execute(query)
    )
