"""What fires, what happened, and who was told: for people and programs that ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from surveil.store.alerts import GROUP, Evaluation
from surveil.store.scope import Scope
from surveil.store.tables import alert, alert_transition, evaluation, outbox

ACTIVE = ("pending", "firing", "recovering")
MOST_STEPS = 1_000_000
"""Of one alert, beyond any there are."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One activation of an alert.

    ``fired_at`` is missing while it is pending, ``camera`` where it is about several. ``verdict``
    is ``right``, ``wrong`` or ``unclear``, as people marked it last.
    """

    id: str
    rule: str
    key: str
    camera: str | None
    state: str
    value: float | None
    since_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    labels: dict[str, str]
    annotations: dict[str, str]
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class FiredKind:
    """What alerts that fired have in common; ``camera`` is missing where they are about several."""

    rule: str
    key: str
    camera: str | None
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message to one receiver: ``pending``, ``delivered`` or ``failed``.

    It is ``waiting`` for others of its group; once it went out with them it is as their message is.
    """

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
    alert_id: str
    at: datetime
    rule: str
    key: str
    camera: str | None
    from_state: str
    to_state: str
    value: float | None
    reason: str
    deliveries: tuple[DeliveryRow, ...]


def load_evaluation(connection: sa.Connection, scope: Scope) -> Evaluation | None:
    """Return when the rules were evaluated last; None where they never were.

    It says nothing of any camera, so it is seen in every ``scope``.
    """
    row = connection.execute(
        sa.select(evaluation).where(evaluation.c.consumer_group == GROUP)
    ).one_or_none()
    return None if row is None else Evaluation(row.evaluated_at, row.evaluated_by)


def load_active(
    connection: sa.Connection, scope: Scope, *, rule: str | None, limit: int
) -> list[AlertRow]:
    """Return the alerts that are not at rest, firing ones first, then the oldest first."""
    query = _alerts(scope, rule).where(alert.c.resolved_at.is_(None), alert.c.state.in_(ACTIVE))
    order = sa.case((alert.c.state == "pending", 1), else_=0)
    rows = connection.execute(query.order_by(order, alert.c.since_at, alert.c.id).limit(limit))
    return [alert_of(row) for row in rows]


def load_fired(
    connection: sa.Connection, scope: Scope, *, rule: str | None, limit: int
) -> list[AlertRow]:
    """Return the last alerts that fired, whether they do so still or not, the oldest first."""
    query = _alerts(scope, rule).where(alert.c.fired_at.is_not(None))
    rows = connection.execute(query.order_by(alert.c.fired_at.desc(), alert.c.id).limit(limit))
    return [alert_of(row) for row in rows][::-1]


def load_fired_within(
    connection: sa.Connection,
    scope: Scope,
    since_at: datetime,
    until_at: datetime,
    *,
    limit: int,
) -> list[AlertRow]:
    """Return the last alerts that fired at some time of a span, the oldest first."""
    query = _alerts(scope, None).where(
        alert.c.fired_at < until_at,
        sa.or_(alert.c.resolved_at.is_(None), alert.c.resolved_at >= since_at),
    )
    rows = connection.execute(query.order_by(alert.c.fired_at.desc(), alert.c.id).limit(limit))
    return [alert_of(row) for row in rows][::-1]


def count_fired(
    connection: sa.Connection, scope: Scope, *, since_at: datetime
) -> list[tuple[FiredKind, int]]:
    """Return how often which alerts have fired since an instant, the most frequent first."""
    query = _alerts(scope, None).where(alert.c.fired_at >= since_at)
    counts: Counter[FiredKind] = Counter()
    for row in connection.execution_options(yield_per=5000).execute(query):
        labels = tuple(sorted(row.labels.items()))
        counts[FiredKind(row.rule, row.key, row.camera_id, labels)] += 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0].rule, item[0].key))


def load_transitions(
    connection: sa.Connection,
    scope: Scope,
    *,
    since_at: datetime,
    rule: str | None,
    limit: int,
    until_at: datetime | None = None,
) -> list[TransitionRow]:
    """Return the last steps of a span of event time, the oldest first; its end is no part of it."""
    seen = [alert_transition.c.at >= since_at, scope.admits(alert_transition.c.camera_id)]
    if until_at is not None:
        seen.append(alert_transition.c.at < until_at)
    if rule is not None:
        seen.append(alert_transition.c.rule == rule)
    query = sa.select(alert_transition).where(*seen)
    steps = connection.execute(query.order_by(alert_transition.c.id.desc()).limit(limit)).all()
    return _with_deliveries(connection, seen, steps[::-1])


def load_steps(
    connection: sa.Connection, scope: Scope, alert_id: str, *, limit: int
) -> list[TransitionRow]:
    """Return the first steps of one alert, the oldest first; none if the scope does not see it."""
    seen = [alert_transition.c.alert_id == alert_id, scope.admits(alert_transition.c.camera_id)]
    query = sa.select(alert_transition).where(*seen)
    steps = connection.execute(query.order_by(alert_transition.c.id).limit(limit)).all()
    return _with_deliveries(connection, seen, steps)


def load_steps_after(
    connection: sa.Connection, scope: Scope, after_id: int, *, limit: int
) -> list[TransitionRow]:
    """Return the first steps of all alerts behind one by its id, in the order of their ids."""
    seen = [alert_transition.c.id > after_id, scope.admits(alert_transition.c.camera_id)]
    query = sa.select(alert_transition).where(*seen)
    steps = connection.execute(query.order_by(alert_transition.c.id).limit(limit)).all()
    return _with_deliveries(connection, seen, steps)


def count_steps(connection: sa.Connection, scope: Scope, alert_id: str, until_id: int) -> int:
    """Return which step of its alert one is, by its id: 1 for the first."""
    query = _ids_of(scope, alert_id).where(alert_transition.c.id <= until_id)
    return connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0


def find_step(connection: sa.Connection, scope: Scope, alert_id: str, number: int) -> int | None:
    """Return the id of a step that :func:`count_steps` counted; None if the scope sees none."""
    if not 1 <= number <= MOST_STEPS:
        return None
    query = _ids_of(scope, alert_id).order_by(alert_transition.c.id)
    row = connection.execute(query.offset(number - 1).limit(1)).one_or_none()
    return None if row is None else row.id


def _ids_of(scope: Scope, alert_id: str) -> sa.Select[Any]:
    seen = scope.admits(alert_transition.c.camera_id)
    return sa.select(alert_transition.c.id).where(alert_transition.c.alert_id == alert_id, seen)


def last_step_id(connection: sa.Connection, scope: Scope) -> int:
    """Return the id of the last step that the scope sees, 0 where there is none."""
    seen = scope.admits(alert_transition.c.camera_id)
    query = sa.select(sa.func.max(alert_transition.c.id)).where(seen)
    return connection.scalar(query) or 0


def _with_deliveries(
    connection: sa.Connection,
    seen: Sequence[sa.ColumnElement[bool]],
    steps: Sequence[sa.Row[Any]],
) -> list[TransitionRow]:
    """Return steps with their messages; ``seen`` is what they were found by."""
    deliveries: dict[int, list[DeliveryRow]] = {}
    if steps:
        deliveries = _deliveries(connection, seen, (steps[0].id, steps[-1].id))
    return [
        TransitionRow(
            id=row.id,
            alert_id=row.alert_id,
            at=row.at,
            rule=row.rule,
            key=row.key,
            camera=row.camera_id,
            from_state=row.from_state,
            to_state=row.to_state,
            value=row.value,
            reason=row.reason,
            deliveries=tuple(deliveries.get(row.id, ())),
        )
        for row in steps
    ]


def load_alert(connection: sa.Connection, scope: Scope, alert_id: str) -> AlertRow | None:
    """Return one activation of an alert; None if there is none that the scope sees."""
    query = _alerts(scope, None).where(alert.c.id == alert_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else alert_of(row)


def load_newest(
    connection: sa.Connection,
    scope: Scope,
    *,
    rule: str | None,
    camera: str | None,
    states: Sequence[str],
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[AlertRow]:
    """Return activations of alerts, newest first.

    Args:
        connection: Of one transaction.
        scope: Which alerts are seen.
        rule: Of one rule, or None for all.
        camera: About one camera, or None for all.
        states: In which they are; empty for all.
        before: ``since_at`` and ``id`` of the last one seen already, or None to begin.
        limit: How many at most.
    """
    query = _alerts(scope, rule)
    if camera is not None:
        query = query.where(alert.c.camera_id == camera)
    if states:
        query = query.where(alert.c.state.in_(states))
    if before is not None:
        at, id_ = before
        later = sa.and_(alert.c.since_at == at, alert.c.id < id_)
        query = query.where(sa.or_(alert.c.since_at < at, later))
    rows = connection.execute(
        query.order_by(alert.c.since_at.desc(), alert.c.id.desc()).limit(limit)
    )
    return [alert_of(row) for row in rows]


def _deliveries(
    connection: sa.Connection, seen: Sequence[sa.ColumnElement[bool]], between: tuple[int, int]
) -> dict[int, list[DeliveryRow]]:
    """Return the messages by step; of one that went out with a group, how the group's did."""
    group = outbox.alias()
    told = {
        name: sa.func.coalesce(group.c[name], outbox.c[name]).label(name)
        for name in ("state", "attempts", "delivered_at", "next_attempt_at", "last_error")
    }
    query = (
        sa.select(
            outbox.c.alert_transition_id,
            outbox.c.id,
            outbox.c.receiver,
            outbox.c.created_at,
            *told.values(),
        )
        .join(alert_transition, alert_transition.c.id == outbox.c.alert_transition_id)
        .outerjoin(group, group.c.id == outbox.c.message_id)
        .where(
            *seen,
            alert_transition.c.id.between(*between),
            sa.or_(outbox.c.group_key.is_(None), outbox.c.state.in_(("waiting", "grouped"))),
        )
        .order_by(outbox.c.id)
    )
    deliveries: dict[int, list[DeliveryRow]] = {}
    for row in connection.execute(query):
        deliveries.setdefault(row.alert_transition_id, []).append(_delivery_of(row))
    return deliveries


def _alerts(scope: Scope, rule: str | None) -> sa.Select[Any]:
    query = sa.select(alert).where(scope.admits(alert.c.camera_id))
    return query if rule is None else query.where(alert.c.rule == rule)


def alert_of(row: Any) -> AlertRow:
    """Return a row of the table."""
    return AlertRow(
        id=row.id,
        rule=row.rule,
        key=row.key,
        camera=row.camera_id,
        state=row.state,
        value=row.value,
        since_at=row.since_at,
        fired_at=row.fired_at,
        resolved_at=row.resolved_at,
        labels=row.labels,
        annotations=row.annotations,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        verdict=row.verdict,
    )


def _delivery_of(row: Any) -> DeliveryRow:
    return DeliveryRow(
        id=row.id,
        receiver=row.receiver,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        next_attempt_at=row.next_attempt_at,
        last_error=row.last_error,
    )
