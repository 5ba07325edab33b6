"""One receiver's part of the table ``outbox``, as its courier sees it."""

from __future__ import annotations

from datetime import datetime, timedelta

from surveil.config import Receiver
from surveil.notify import Notice, Owed, Settlement
from surveil.store.engine import Database, reading, writing
from surveil.store.grouping import Grouping, compose_groups, due_groups
from surveil.store.outbox import load_due, make_due, settle
from surveil.store.repeating import load_lasting, repeat_messages
from surveil.workers.alerting.silencing import load_in_force

REPEATS_EVERY = timedelta(seconds=5)
"""How often it is looked for alerts that are to be told again."""


class SqlOutbox:
    """What is owed to one receiver; also makes what is told in groups, and told again.

    Args:
        database: Used by couriers alone.
        name: Of the receiver.
        receiver: How it is told.
    """

    def __init__(self, database: Database, name: str, receiver: Receiver) -> None:
        self._database = database
        self._name = name
        self._grouping = Grouping()  # without groups, what waits is from before a change
        if receiver.group_by is not None:
            self._grouping = Grouping(receiver.wait_s, receiver.interval_s)
        self._repeat_every_s = receiver.repeat_every
        self._repeated_at: datetime | None = None

    def due(self, now_at: datetime) -> list[Owed]:
        """Return messages to try now."""
        self._repeat(now_at)
        with reading(self._database) as connection:
            groups = due_groups(connection, self._name, self._grouping, now_at)
            owed = load_due(connection, self._name, now_at)
        if groups:
            with writing(self._database) as connection:
                compose_groups(connection, self._name, groups, now_at)
                owed = load_due(connection, self._name, now_at)
        return [Owed(Notice(one.id, one.payload), one.created_at, one.attempts) for one in owed]

    def settle(self, settlement: Settlement) -> None:
        """Write down how an attempt ended."""
        with writing(self._database) as connection:
            settle(
                connection,
                settlement.id,
                state=settlement.state,
                attempts=settlement.attempts,
                error=settlement.error,
                delivered_at=settlement.at if settlement.state == "delivered" else None,
                next_attempt_at=settlement.next_attempt_at,
            )
            if settlement.makes_due:
                make_due(connection, self._name, settlement.at)

    def make_due(self, now_at: datetime) -> None:
        """Make all that waits due."""
        with writing(self._database) as connection:
            make_due(connection, self._name, now_at)

    def _repeat(self, now_at: datetime) -> None:
        if self._repeat_every_s is None:
            return
        if self._repeated_at and abs(now_at - self._repeated_at) < REPEATS_EVERY:
            return
        with reading(self._database) as connection:
            silences, at_s = load_in_force(connection, now_at), now_at.timestamp()
            lasting = [
                one
                for one in load_lasting(connection, self._name, self._repeat_every_s, now_at)
                if not any(
                    silence.covers_alert(one.rule, one.labels, one.camera, at_s)
                    for silence in silences
                )
            ]
        if lasting:
            with writing(self._database) as connection:
                repeat_messages(connection, self._name, lasting, now_at)
        self._repeated_at = now_at
