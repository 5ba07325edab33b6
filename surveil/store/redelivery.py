"""Send again what was given up: an operator has mended the receiver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from surveil.store.audit import record
from surveil.store.marks import find_alert
from surveil.store.scope import Scope
from surveil.store.tables import alert_transition, outbox

MOST = 10_000
"""Messages that are sent again at once, the oldest ones."""


@dataclass(frozen=True, slots=True)
class Redelivered:
    """What became of the messages that had failed.

    Attributes:
        due: Those that are due again.
        superseded: Left alone, since the receiver was told something later of the same alert.
    """

    due: int
    superseded: int


def redeliver(
    connection: sa.Connection,
    scope: Scope,
    alert_id: str | None,
    *,
    receiver: str | None,
    by: str,
    now: datetime,
) -> Redelivered:
    """Make failed messages due again, under the ids that they had, as if made now.

    Of one alert all are sent that failed, also as a part of a group's message. Of all alerts, those
    are left alone after which the receiver was told something later: nobody is to learn that an
    alert fires of which they know the end.

    Args:
        connection: In a transaction that may write.
        scope: Of whose cameras.
        alert_id: As for :func:`surveil.store.marks.acknowledge`; None for all.
        receiver: Only those to it.
        by: Who asks, for the audit log.
        now: Wall clock.

    Raises:
        ConfigError: There is no such alert.
    """
    step = alert_transition.c
    query = (
        sa.select(outbox.c.id, _superseded().label("is_old"))
        .join(alert_transition, step.id == outbox.c.alert_transition_id)
        .where(outbox.c.state == "failed", scope.admits(step.camera_id))
    )
    subject = "alerts"
    if receiver is not None:
        query = query.where(outbox.c.receiver == receiver)
    if alert_id is not None:
        id_ = find_alert(connection, scope, alert_id).id
        query, subject = query.where(outbox.c.id.in_(_messages_about(id_))), f"alert {id_}"
    rows = connection.execute(query.order_by(outbox.c.alert_transition_id).limit(MOST)).all()
    ids = [row.id for row in rows if alert_id is not None or not row.is_old]
    if ids:
        connection.execute(
            sa.update(outbox)
            .where(outbox.c.id.in_(ids), outbox.c.state == "failed")
            .values(state="pending", attempts=0, created_at=now, next_attempt_at=now)
        )
        detail = {"messages": len(ids), "receiver": receiver}
        record(connection, by, "redeliver", subject, detail, now=now)
    return Redelivered(len(ids), len(rows) - len(ids))


def _superseded() -> sa.ColumnElement[bool]:
    """Return whether the receiver was told something later of the same rule and key."""
    later, later_step = outbox.alias(), alert_transition.alias()
    return (
        sa.select(sa.literal(1))
        .select_from(later.join(later_step, later_step.c.id == later.c.alert_transition_id))
        .where(
            later.c.receiver == outbox.c.receiver,
            later.c.state == "delivered",
            later_step.c.rule == alert_transition.c.rule,
            later_step.c.key == alert_transition.c.key,
            later_step.c.id > alert_transition.c.id,
        )
        .exists()
    )


def _messages_about(alert_id: str) -> sa.Select[tuple[str]]:
    """Return the ids of the messages about an alert, or about a group in which it was told."""
    member, step = outbox.alias(), alert_transition.alias()
    return (
        sa.select(sa.func.coalesce(member.c.message_id, member.c.id))
        .join(step, step.c.id == member.c.alert_transition_id)
        .where(step.c.alert_id == alert_id)
    )
