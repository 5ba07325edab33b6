"""What fires, what happened, and who was told: for people and programs that ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from surveil.store.tables import alert, alert_transition, outbox

ACTIVE = ("pending", "firing", "recovering")


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One activation of an alert; ``fired_at`` is missing while it is pending."""

    id: str
    rule: str
    key: str
    state: str
    value: float | None
    since_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    labels: dict[str, str]
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message to one receiver: ``pending``, ``delivered`` or ``failed``."""

    id: str
    receiver: str
    state: str
    attempts: int
    created_at: datetime
    delivered_at: datetime | None
    next_attempt_at: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """One step of an alert, and the messages sent because of it."""

    id: int
    at: datetime
    rule: str
    key: str
    from_state: str
    to_state: str
    value: float | None
    reason: str
    deliveries: tuple[DeliveryRow, ...]


def load_active(connection: sa.Connection, *, rule: str | None, limit: int) -> list[AlertRow]:
    """Return the alerts that are not at rest, firing ones first, then the oldest first."""
    query = sa.select(alert).where(alert.c.resolved_at.is_(None), alert.c.state.in_(ACTIVE))
    if rule is not None:
        query = query.where(alert.c.rule == rule)
    order = sa.case((alert.c.state == "pending", 1), else_=0)
    rows = connection.execute(query.order_by(order, alert.c.since_at, alert.c.id).limit(limit))
    return [
        AlertRow(
            id=row.id,
            rule=row.rule,
            key=row.key,
            state=row.state,
            value=row.value,
            since_at=row.since_at,
            fired_at=row.fired_at,
            resolved_at=row.resolved_at,
            labels=row.labels,
            annotations=row.annotations,
        )
        for row in rows
    ]


def load_transitions(
    connection: sa.Connection, *, since_at: datetime, rule: str | None, limit: int
) -> list[TransitionRow]:
    """Return the last steps since an instant of event time, the oldest first."""
    query = sa.select(alert_transition).where(alert_transition.c.at >= since_at)
    if rule is not None:
        query = query.where(alert_transition.c.rule == rule)
    steps = connection.execute(query.order_by(alert_transition.c.id.desc()).limit(limit)).all()
    deliveries: dict[int, list[DeliveryRow]] = {}
    if steps:
        bounds = (steps[-1].id, steps[0].id)
        messages = connection.execute(
            sa.select(outbox)
            .where(outbox.c.alert_transition_id.between(*bounds))
            .order_by(outbox.c.id)
        )
        for row in messages:
            deliveries.setdefault(row.alert_transition_id, []).append(
                DeliveryRow(
                    id=row.id,
                    receiver=row.receiver,
                    state=row.state,
                    attempts=row.attempts,
                    created_at=row.created_at,
                    delivered_at=row.delivered_at,
                    next_attempt_at=row.next_attempt_at,
                    last_error=row.last_error,
                )
            )
    return [
        TransitionRow(
            id=row.id,
            at=row.at,
            rule=row.rule,
            key=row.key,
            from_state=row.from_state,
            to_state=row.to_state,
            value=row.value,
            reason=row.reason,
            deliveries=tuple(deliveries.get(row.id, ())),
        )
        for row in reversed(steps)
    ]
