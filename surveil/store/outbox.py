"""What is owed to receivers: read and settled by the deliveries, each in a short transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from surveil.store.tables import alert_transition, outbox

MAX_ERROR_CHARS = 500


@dataclass(frozen=True, slots=True)
class OwedMessage:
    """A message that was not delivered yet; ``attempts`` counts those that failed."""

    id: str
    payload: Mapping[str, Any]
    created_at: datetime
    attempts: int


def load_due(
    connection: sa.Connection, receiver: str, now_at: datetime, *, limit: int = 20
) -> list[OwedMessage]:
    """Return the messages to try now, the oldest first.

    A message waits for the earlier ones of the same rule and key: nobody learns that an alert
    resolved before they learn that it fired, or that it fires anew before they learn that it ended.
    """
    earlier, earlier_step = outbox.alias(), alert_transition.alias()
    blocked = (
        sa.select(sa.literal(1))
        .select_from(earlier.join(earlier_step, earlier_step.c.id == earlier.c.alert_transition_id))
        .where(
            earlier.c.receiver == outbox.c.receiver,
            earlier.c.state == "pending",
            earlier_step.c.rule == alert_transition.c.rule,
            earlier_step.c.key == alert_transition.c.key,
            earlier_step.c.id < alert_transition.c.id,
        )
        .exists()
    )
    rows = connection.execute(
        sa.select(outbox.c.id, outbox.c.payload, outbox.c.created_at, outbox.c.attempts)
        .join(alert_transition, alert_transition.c.id == outbox.c.alert_transition_id)
        .where(
            outbox.c.receiver == receiver,
            outbox.c.state == "pending",
            outbox.c.next_attempt_at <= now_at,
            ~blocked,
        )
        .order_by(outbox.c.alert_transition_id)
        .limit(limit)
    )
    return [OwedMessage(row.id, row.payload, row.created_at, row.attempts) for row in rows]


def settle(
    connection: sa.Connection,
    message_id: str,
    *,
    state: str,
    attempts: int,
    error: str | None,
    delivered_at: datetime | None = None,
    next_attempt_at: datetime | None = None,
) -> None:
    """Write down how an attempt ended.

    Args:
        connection: In a transaction that may write.
        message_id: Of the message tried.
        state: ``delivered``, ``failed`` (given up), or ``pending`` with ``next_attempt_at``.
        attempts: Made so far.
        error: Why it was not delivered, without credentials.
        delivered_at: When it was.
        next_attempt_at: When to try again.
    """
    values: dict[str, Any] = {
        "state": state,
        "attempts": attempts,
        "last_error": error[:MAX_ERROR_CHARS] if error else None,
        "delivered_at": delivered_at,
    }
    if next_attempt_at is not None:
        values["next_attempt_at"] = next_attempt_at
    connection.execute(sa.update(outbox).where(outbox.c.id == message_id).values(values))


def make_due(connection: sa.Connection, receiver: str, now_at: datetime) -> None:
    """Make all that waits for a receiver due: it answers again."""
    connection.execute(
        sa.update(outbox)
        .where(
            outbox.c.receiver == receiver,
            outbox.c.state == "pending",
            outbox.c.next_attempt_at > now_at,
        )
        .values(next_attempt_at=now_at)
    )


def abandon(connection: sa.Connection, receivers: Sequence[str]) -> int:
    """Give up what is owed to receivers other than these: they are no longer configured."""
    return connection.execute(
        sa.update(outbox)
        .where(outbox.c.state.in_(("pending", "waiting")), outbox.c.receiver.not_in(receivers))
        .values(state="failed", last_error="the receiver is no longer configured")
    ).rowcount
