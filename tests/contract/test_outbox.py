"""What couriers rely on, of the outbox in SQL and of the one in memory that their tests use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kit.outbox import MemoryOutbox

from surveil.config import Receiver
from surveil.notify.courier import Outbox, Settlement
from surveil.store.alerts import AlertBatch, AlertStep, OutboxMessage, commit_alerts
from surveil.store.engine import Database, writing
from surveil.workers.alerting.sql_outbox import SqlOutbox

LOG = Receiver.model_validate({"log": {}})
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
Made = tuple[Outbox, Callable[[str], None]]


def in_memory() -> Made:
    outbox = MemoryOutbox()
    return outbox, lambda id: outbox.owe(id, NOW)


def in_sql(database: Database) -> Made:
    """Return the outbox of ``ops``; each message is of an alert of its own."""
    commits = iter(range(1, 100))

    def owe(id: str) -> None:
        step = AlertStep(
            rule="joy",
            key=id,
            camera=None,
            from_state="inactive",
            to_state="firing",
            at=NOW,
            since_at=NOW,
            value=0.7,
            labels={},
            annotations={},
            reason="",
            messages=(OutboxMessage(id, "ops", {"n": id}),),
        )
        with writing(database) as connection:
            batch = AlertBatch(steps=[step])
            commit_alerts(connection, batch, number=next(commits), now_at=NOW)

    return SqlOutbox(database, "ops", LOG), owe


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def made(request: pytest.FixtureRequest) -> Made:
    if request.param == "memory":
        return in_memory()
    return in_sql(request.getfixturevalue(f"{request.param}_database"))


def due(outbox: Outbox, seconds: float = 0.0) -> list[str]:
    return [owed.notice.id for owed in outbox.due(NOW + timedelta(seconds=seconds))]


def settled(id: str, state: str, **fields: Any) -> Settlement:
    fields = {"attempts": 1, "error": None, "at": NOW, **fields}
    return Settlement(id=id, state=state, **fields)


def test_what_is_owed_is_due_at_once_the_oldest_first(made: Made) -> None:
    outbox, owe = made
    for id in ("b", "a", "c"):
        owe(id)
    owed = outbox.due(NOW)

    assert [one.notice.id for one in owed] == ["b", "a", "c"]
    assert [(one.notice.payload, one.created_at, one.attempts) for one in owed[:1]] == [
        ({"n": "b"}, NOW, 0)
    ]


@pytest.mark.parametrize("state", ["delivered", "failed"])
def test_what_is_settled_is_owed_no_more(made: Made, state: str) -> None:
    outbox, owe = made
    owe("a")
    owe("b")
    outbox.settle(settled("a", state))

    assert due(outbox, 1e6) == ["b"]


def test_what_failed_waits_for_its_next_attempt_and_counts(made: Made) -> None:
    outbox, owe = made
    owe("a")
    later = NOW + timedelta(seconds=30)
    outbox.settle(settled("a", "pending", attempts=4, error="e", next_attempt_at=later))

    assert due(outbox, 29.9) == []
    assert due(outbox, 30) == ["a"]
    assert outbox.due(later)[0].attempts == 4


def test_hastening_makes_all_due_that_waits(made: Made) -> None:
    outbox, owe = made
    for id in ("a", "b"):
        owe(id)
        later = NOW + timedelta(hours=1)
        outbox.settle(settled(id, "pending", next_attempt_at=later))
    assert due(outbox) == []

    outbox.make_due(NOW)
    assert due(outbox) == ["a", "b"]


def test_a_delivery_can_make_the_others_due(made: Made) -> None:
    outbox, owe = made
    for id in ("a", "b"):
        owe(id)
    later = NOW + timedelta(hours=1)
    outbox.settle(settled("b", "pending", next_attempt_at=later))
    outbox.settle(settled("a", "delivered", makes_due=True))

    assert due(outbox) == ["b"]
