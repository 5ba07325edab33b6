"""Alerts that fire for long are told again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from ulid import ULID

from surveil.store.alerts import OutboxMessage, insert_message
from surveil.store.tables import alert, alert_transition, outbox

MOST = 100
"""Messages that are made at once."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """An alert that fires still; ``camera`` is None where it is about several.

    ``id`` is its own, ``message_id`` that of the last message about it.
    """

    id: str
    message_id: str
    rule: str
    key: str
    camera: str | None
    labels: Mapping[str, str]


def load_lasting(
    connection: sa.Connection, receiver: str, every_s: float, now_at: datetime
) -> list[Lasting]:
    """Return the alerts that a receiver is to be told of again, the longest untold first.

    Not one that somebody has acknowledged, nor while the last message about it is on its way.

    Args:
        connection: Nothing is written.
        receiver: Whom to tell.
        every_s: After the last message about an alert.
        now_at: Wall clock.
    """
    last = _last_messages(receiver).subquery()
    due_at = now_at - timedelta(seconds=every_s)
    rows = connection.execute(
        sa.select(alert, last.c.message_id)
        .join(last, last.c.alert_id == alert.c.id)
        .where(_fires(), last.c.created_at <= due_at)
        .order_by(last.c.created_at)
        .limit(MOST)
    )
    return [
        Lasting(row.id, row.message_id, row.rule, row.key, row.camera_id, row.labels)
        for row in rows
    ]


def repeat_messages(
    connection: sa.Connection, receiver: str, lasting: Sequence[Lasting], now_at: datetime
) -> int:
    """Owe a receiver another message about each alert of :func:`load_lasting` that fires still.

    It is the message of before with ``repeat`` counted up, and a new id.

    Args:
        connection: In a transaction that may write.
        receiver: Whom to tell.
        lasting: Of which; of one receiver only one caller repeats messages.
        now_at: Wall clock.

    Returns:
        How many messages.
    """
    made = 0
    for one in lasting:
        # Locked, and asked again: its end, told by a commit in between, must be the last word.
        still = sa.select(alert.c.id).where(alert.c.id == one.id, _fires()).with_for_update()
        if connection.scalar(still) is None:
            continue
        before = connection.execute(sa.select(outbox).where(outbox.c.id == one.message_id)).one()
        message = OutboxMessage(f"msg_{ULID()}", receiver, _again(before.payload), before.group_key)
        insert_message(connection, message, before.alert_transition_id, now_at)
        made += 1
    return made


def _fires() -> sa.ColumnElement[bool]:
    return sa.and_(
        alert.c.resolved_at.is_(None),
        alert.c.state.in_(("firing", "recovering")),
        alert.c.acknowledged_at.is_(None),
    )


def _last_messages(receiver: str) -> sa.Select[Any]:
    """Return the last message about each alert, of those that have gone out or were given up."""
    place = sa.func.row_number().over(
        partition_by=alert_transition.c.alert_id,
        order_by=(outbox.c.created_at.desc(), outbox.c.id.desc()),
    )
    of_alerts = (
        sa.select(
            alert_transition.c.alert_id,
            outbox.c.id.label("message_id"),
            outbox.c.created_at,
            outbox.c.state,
            place.label("place"),
        )
        .join(alert_transition, alert_transition.c.id == outbox.c.alert_transition_id)
        .join(alert, alert.c.id == alert_transition.c.alert_id)
        .where(
            outbox.c.receiver == receiver,
            alert.c.resolved_at.is_(None),
            sa.or_(outbox.c.group_key.is_(None), outbox.c.state.in_(("waiting", "grouped"))),
        )
    ).subquery()
    return sa.select(of_alerts).where(
        of_alerts.c.place == 1, of_alerts.c.state.in_(("delivered", "grouped", "failed"))
    )


def _again(payload: Mapping[str, Any]) -> dict[str, Any]:
    data = {**payload["data"], "repeat": int(payload["data"].get("repeat", 0)) + 1}
    return {**payload, "data": data}
