"""Alert states, their history and what is owed to receivers, written with the group's position.

One transaction holds what an evaluation led to and how far it had read: after a crash at any point
the alerter reads again what it did not commit, finds what it did, and tells nobody twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from ulid import ULID

from surveil.errors import SurveilError
from surveil.store.dead_letters import DeadLetter, insert_dead_letters
from surveil.store.tables import (
    alert,
    alert_memory,
    alert_transition,
    consumer_progress,
    evaluation,
    outbox,
)
from surveil.store.upsert import upsert

GROUP = "alerter"
COMMITS = ""
"""Key, in place of a run's id, of the row that counts the group's transactions."""
MAX_PROGRESS = 50_000
PROGRESS_DAYS = 7


class OtherAlerterError(SurveilError):
    """Another alerter works on the same database; this one must begin again from what it wrote."""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """Something to tell one receiver. ``id`` stays the same over all attempts.

    With a ``group`` it is not told alone: it waits for others of it, and goes out with them.
    """

    id: str
    receiver: str
    payload: Mapping[str, Any]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class AlertStep:
    """One transition of one alert, with what is to be sent because of it.

    ``camera`` is the one that the alert is about; None for an alert about several.
    """

    rule: str
    key: str
    camera: str | None
    from_state: str
    to_state: str
    at: datetime
    since_at: datetime
    value: float | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    reason: str
    messages: tuple[OutboxMessage, ...] = ()

    @property
    def begins(self) -> bool:
        """Whether the alert was at rest before."""
        return self.from_state in ("inactive", "resolved")

    @property
    def ends(self) -> bool:
        """Whether the alert is at rest after it."""
        return self.to_state in ("inactive", "resolved")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Proof that somebody watches: when the rules were evaluated last, by whom (host and place)."""

    at: datetime
    by: str


@dataclass(slots=True)
class AlertBatch:
    """What one transaction writes; ``memories`` map (rule, key) to data, or None to forget."""

    steps: list[AlertStep] = field(default_factory=list)
    progress: dict[str, int] = field(default_factory=dict)
    memories: dict[tuple[str, str], Mapping[str, Any] | None] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    evaluation: Evaluation | None = None

    def __bool__(self) -> bool:
        written = (self.steps, self.progress, self.memories, self.dead_letters, self.evaluation)
        return any(written)


@dataclass(frozen=True, slots=True)
class AlerterState:
    """Where the last alerter ended: its transactions, its position, and its alerts not at rest."""

    commits: int
    committed_at: datetime | None
    progress: dict[str, int]
    memories: dict[tuple[str, str], dict[str, Any]]


def load_alerter_state(connection: sa.Connection) -> AlerterState:
    """Return where the last alerter ended; of the positions the ``MAX_PROGRESS`` newest."""
    positions = connection.execute(
        sa.select(consumer_progress.c.run_id, consumer_progress.c.last_seq)
        .where(consumer_progress.c.consumer_group == GROUP)
        .order_by(consumer_progress.c.updated_at.desc(), consumer_progress.c.run_id)
        .limit(MAX_PROGRESS)
    )
    memories = connection.execute(
        sa.select(alert_memory.c.rule, alert_memory.c.key, alert_memory.c.data)
    )
    return AlerterState(
        commits=_count_commits(connection),
        committed_at=connection.scalar(
            sa.select(consumer_progress.c.updated_at).where(
                consumer_progress.c.consumer_group == GROUP, consumer_progress.c.run_id == COMMITS
            )
        ),
        progress={row.run_id: row.last_seq for row in positions if row.run_id != COMMITS},
        memories={(row.rule, row.key): row.data for row in memories},
    )


def commit_alerts(
    connection: sa.Connection, batch: AlertBatch, *, number: int, now_at: datetime
) -> bool:
    """Write a batch; once for each number, however often it is tried.

    Args:
        connection: In a transaction begun with :func:`surveil.store.engine.writing`.
        batch: Its steps in order.
        number: One more than that of the batch before.
        now_at: Wall clock.

    Returns:
        False if the batch was committed before, by an attempt whose answer was lost.

    Raises:
        OtherAlerterError: Somebody else committed since the last batch.
    """
    done = _count_commits(connection, lock=True)
    if done == number:
        return False
    if done != number - 1:
        raise OtherAlerterError(
            f"another alerter works on this database (commit {done} instead of {number - 1})"
        )
    for step in batch.steps:
        _write_step(connection, step, now_at)
    rows = [(run, seq) for run, seq in batch.progress.items()] + [(COMMITS, number)]
    upsert(
        connection,
        consumer_progress,
        [
            {"consumer_group": GROUP, "run_id": run, "last_seq": seq, "updated_at": now_at}
            for run, seq in rows
        ],
        greatest=("last_seq",),
        replace=("updated_at",),
    )
    _write_memories(connection, batch.memories, now_at)
    if batch.evaluation is not None:
        row = {"evaluated_at": batch.evaluation.at, "evaluated_by": batch.evaluation.by}
        upsert(connection, evaluation, [{"consumer_group": GROUP} | row], replace=row)
    insert_dead_letters(connection, batch.dead_letters)
    return True


def purge_progress(connection: sa.Connection, now_at: datetime) -> int:
    """Forget the positions of runs without events for ``PROGRESS_DAYS``; return how many."""
    return connection.execute(
        sa.delete(consumer_progress).where(
            consumer_progress.c.consumer_group == GROUP,
            consumer_progress.c.run_id != COMMITS,
            consumer_progress.c.updated_at < now_at - timedelta(days=PROGRESS_DAYS),
        )
    ).rowcount


def _count_commits(connection: sa.Connection, *, lock: bool = False) -> int:
    query = sa.select(consumer_progress.c.last_seq).where(
        consumer_progress.c.consumer_group == GROUP, consumer_progress.c.run_id == COMMITS
    )
    return connection.scalar(query.with_for_update() if lock else query) or 0


def _write_step(connection: sa.Connection, step: AlertStep, now_at: datetime) -> None:
    live = sa.select(alert.c.id).where(
        alert.c.rule == step.rule, alert.c.key == step.key, alert.c.resolved_at.is_(None)
    )
    values: dict[str, Any] = {
        "state": step.to_state,
        "labels": dict(step.labels),
        "value": step.value,
        "updated_at": now_at,
    }
    if step.annotations:
        values["annotations"] = dict(step.annotations)
    if step.to_state == "firing" and step.from_state not in ("firing", "recovering"):
        values["fired_at"] = step.at
    if step.ends:
        values["resolved_at"] = step.at
    alert_id = connection.scalar(live)
    if alert_id is None:
        alert_id = str(ULID())
        fresh = {
            "id": alert_id,
            "rule": step.rule,
            "key": step.key,
            "camera_id": step.camera,
            "since_at": step.since_at,
        }
        connection.execute(sa.insert(alert).values({"annotations": {}} | fresh | values))
    else:
        connection.execute(sa.update(alert).where(alert.c.id == alert_id).values(values))
    (transition_id,) = connection.execute(
        sa.insert(alert_transition)
        .values(
            alert_id=alert_id,
            rule=step.rule,
            key=step.key,
            camera_id=step.camera,
            from_state=step.from_state,
            to_state=step.to_state,
            at=step.at,
            value=step.value,
            reason=step.reason,
        )
        .returning(alert_transition.c.id)
    ).one()
    for message in step.messages:
        insert_message(connection, message, transition_id, now_at)


def insert_message(
    connection: sa.Connection, message: OutboxMessage, transition_id: int, now_at: datetime
) -> None:
    """Owe a message to its receiver because of a step."""
    connection.execute(
        sa.insert(outbox).values(
            id=message.id,
            alert_transition_id=transition_id,
            receiver=message.receiver,
            payload=dict(message.payload),
            created_at=now_at,
            next_attempt_at=now_at,
            attempts=0,
            state="pending" if message.group is None else "waiting",
            group_key=message.group,
        )
    )


def _write_memories(
    connection: sa.Connection,
    memories: Mapping[tuple[str, str], Mapping[str, Any] | None],
    now_at: datetime,
) -> None:
    kept = [
        {"rule": rule, "key": key, "data": dict(data), "updated_at": now_at}
        for (rule, key), data in memories.items()
        if data is not None
    ]
    upsert(connection, alert_memory, kept, replace=("data", "updated_at"))
    forgotten: Iterable[tuple[str, str]] = (k for k, data in memories.items() if data is None)
    for rule, key in forgotten:
        connection.execute(
            sa.delete(alert_memory).where(alert_memory.c.rule == rule, alert_memory.c.key == key)
        )
