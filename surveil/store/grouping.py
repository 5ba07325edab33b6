"""Messages that wait for each other, and go out as one.

A member of a group is ``waiting`` until its group is due. Then, in one transaction, a message with
an id of its own is made of all that wait, and they are ``grouped`` in it: after a crash at any
point either both are so or neither, and the message has the same id at every attempt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from ulid import ULID

from surveil.store.tables import alert_transition, outbox

MOST_GROUPS = 100
"""Of which messages are made at once."""

MOST_MEMBERS = 1000
"""Of one message; the rest waits for the next."""

MOST_LISTED = 100
"""Alerts that a message names; further ones are counted in it."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """When a group is due.

    Attributes:
        wait_s: After the first member of a group of which nothing was told lately.
        interval_s: After the group's last message.
    """

    wait_s: float = 0.0
    interval_s: float = 0.0


def due_groups(
    connection: sa.Connection, receiver: str, grouping: Grouping, now_at: datetime
) -> list[str]:
    """Return the groups of which a message is to be made now.

    A group whose last message is not settled yet is not due: while a receiver is away one message
    gathers what happens, instead of one each ``interval``.

    Args:
        connection: Nothing is written.
        receiver: Whose groups.
        grouping: When they are due.
        now_at: Wall clock.
    """
    first_at = sa.func.min(outbox.c.created_at)
    waiting = connection.execute(
        sa.select(outbox.c.group_key, first_at.label("first_at"))
        .where(outbox.c.state == "waiting", outbox.c.receiver == receiver)
        .group_by(outbox.c.group_key)
        .order_by(first_at)
        .limit(MOST_GROUPS)
    ).all()
    return [
        row.group_key
        for row in waiting
        if _is_due(connection, receiver, row.group_key, row.first_at, grouping, now_at)
    ]


def compose_groups(
    connection: sa.Connection, receiver: str, groups: Sequence[str], now_at: datetime
) -> None:
    """Make a message of each group, of all that waits for it by now.

    Args:
        connection: In a transaction that may write.
        receiver: Whose groups.
        groups: As :func:`due_groups` returned them; of one receiver only one caller makes messages.
        now_at: Wall clock.
    """
    for group in groups:
        _compose(connection, receiver, group, now_at)


def _is_due(
    connection: sa.Connection,
    receiver: str,
    group: str,
    first_at: datetime,
    grouping: Grouping,
    now_at: datetime,
) -> bool:
    last = connection.execute(
        sa.select(outbox.c.created_at, outbox.c.state)
        .where(
            outbox.c.receiver == receiver,
            outbox.c.group_key == group,
            outbox.c.state.in_(("pending", "delivered", "failed")),
        )
        .order_by(outbox.c.created_at.desc())
        .limit(1)
    ).one_or_none()
    if last is not None and last.state == "pending":
        return False
    if first_at > now_at:
        return True  # the clock was set back: what waits must not wait for the old time
    due_at = first_at + timedelta(seconds=grouping.wait_s)
    if last is not None and last.created_at <= now_at:
        next_at: datetime = last.created_at + timedelta(seconds=grouping.interval_s)
        if first_at < next_at:
            due_at = next_at
    return now_at >= due_at


def _compose(connection: sa.Connection, receiver: str, group: str, now_at: datetime) -> None:
    members = connection.execute(
        sa.select(
            outbox.c.id,
            outbox.c.payload,
            outbox.c.alert_transition_id,
            alert_transition.c.rule,
            alert_transition.c.key,
        )
        .join(alert_transition, alert_transition.c.id == outbox.c.alert_transition_id)
        .where(
            outbox.c.receiver == receiver,
            outbox.c.group_key == group,
            outbox.c.state == "waiting",
        )
        .order_by(outbox.c.alert_transition_id, outbox.c.created_at)
        .limit(MOST_MEMBERS)
    ).all()
    if not members:
        return  # given up meanwhile: the receiver is no longer configured
    id_ = f"msg_{ULID()}"
    # Of an alert the last word counts; those that fire stand before those that have ended.
    last_words = {(row.rule, row.key): row.payload for row in members}
    connection.execute(
        sa.insert(outbox).values(
            id=id_,
            alert_transition_id=members[-1].alert_transition_id,
            receiver=receiver,
            payload=payload_of_group(group, list(last_words.values()), now_at),
            created_at=now_at,
            next_attempt_at=now_at,
            attempts=0,
            state="pending",
            group_key=group,
        )
    )
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.id.in_([row.id for row in members]))
        .values(state="grouped", message_id=id_)
    )


def payload_of_group(
    group: str, members: Sequence[Mapping[str, Any]], now_at: datetime
) -> dict[str, Any]:
    """Return a message about several alerts: what they have in common, counts, and each of them.

    Args:
        group: As :attr:`surveil.store.alerts.OutboxMessage.group`, JSON of names and values.
        members: The last message about each alert.
        now_at: When it is made.
    """
    firing = [one for one in members if one.get("type") == "alert.firing"]
    others = [one for one in members if one.get("type") != "alert.firing"]
    at = now_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {
        "group": json.loads(group),
        "firing": len(firing),
        "resolved": len(others),
        "omitted": max(0, len(members) - MOST_LISTED),
        "alerts": [*firing, *others][:MOST_LISTED],
    }
    return {"type": "alert.group", "timestamp": at, "data": data}
