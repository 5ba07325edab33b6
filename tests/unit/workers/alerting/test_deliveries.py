"""Couriers over a real outbox: what is delivered, what is tried again, what ends a courier."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from kit.waiting import until

from surveil.config import Receiver
from surveil.store.alerts import AlertBatch, AlertStep, OutboxMessage, commit_alerts
from surveil.store.engine import reading, writing
from surveil.workers.alerting.deliveries import Deliveries
from surveil.workers.host.lifeline import LocalTelemetry

LOG = Receiver.model_validate({"log": {}})
DATA = {"rule": "joy", "key": "lobby", "value": 0.7, "labels": {}, "annotations": {}}


def now() -> datetime:
    return datetime.now(UTC)


def webhook(url: str, **fields: Any) -> Receiver:
    secret = "sixteen letters!"
    return Receiver.model_validate({"webhook": {"url": url, "secret": secret, **fields}})


def owe(database: sa.Engine, *receivers: str, payload: dict[str, Any] | None = None) -> None:
    """Owe each receiver a message."""
    payload = {"type": "alert.firing", "data": DATA} if payload is None else payload
    messages = tuple(OutboxMessage(f"msg_{name}", name, payload) for name in receivers)
    step = AlertStep(
        rule="joy",
        key="lobby",
        camera="lobby",
        from_state="inactive",
        to_state="firing",
        at=now(),
        since_at=now(),
        value=0.7,
        labels={},
        annotations={},
        reason="",
        messages=messages,
    )
    with writing(database) as connection:
        commit_alerts(connection, AlertBatch(steps=[step]), number=1, now_at=now())


def rows(database: sa.Engine) -> dict[str, tuple[str, str | None]]:
    """Return state and last error of each receiver's message."""
    with reading(database) as connection:
        query = sa.text("select receiver, state, last_error from outbox")
        return {row.receiver: (row.state, row.last_error) for row in connection.execute(query)}


@contextmanager
def delivering(database: sa.Engine, **receivers: Receiver) -> Iterator[tuple[Deliveries, Any]]:
    telemetry = LocalTelemetry()
    deliveries = Deliveries(receivers, database, telemetry, now=now)
    deliveries.start()
    yield deliveries, telemetry.samples
    deliveries.stop(10.0)


def counted(receiver: str, outcome: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return ("alert_deliveries_total", (("outcome", outcome), ("receiver", receiver)))


def test_delivers_what_is_owed_and_writes_it_down(sqlite_database: sa.Engine) -> None:
    owe(sqlite_database, "ops", "night")
    with delivering(sqlite_database, ops=LOG, night=LOG) as (deliveries, samples):
        until(lambda: {state for state, _ in rows(sqlite_database).values()} == {"delivered"}, "")
        deliveries.check()

    circuits: dict[Any, float] = {
        ("alert_receiver_circuit", (("receiver", name),)): 0 for name in ("ops", "night")
    }
    told: dict[Any, float] = {counted("ops", "delivered"): 1, counted("night", "delivered"): 1}
    assert samples == {**circuits, **told}


def test_a_receiver_that_is_down_holds_up_no_other(sqlite_database: sa.Engine) -> None:
    owe(sqlite_database, "down", "ops")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        with delivering(sqlite_database, down=webhook(url), ops=LOG) as (deliveries, samples):
            until(lambda: rows(sqlite_database)["ops"][0] == "delivered", "ops is told")
            until(lambda: rows(sqlite_database)["down"][1], "down was tried")
            deliveries.check()

    state, error = rows(sqlite_database)["down"]
    assert state == "pending"
    assert "ConnectError" in str(error)
    assert samples[counted("down", "retried")] >= 1


def test_a_receiver_that_says_nothing_holds_up_no_other(sqlite_database: sa.Engine) -> None:
    owe(sqlite_database, "slow", "ops")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with delivering(sqlite_database, slow=webhook(url, timeout_s=60), ops=LOG) as (_, samples):
            connection, _address = silent.accept()
            until(lambda: rows(sqlite_database)["ops"][0] == "delivered", "ops is told")
            assert counted("slow", "retried") not in samples, "its attempt still goes on"
            connection.close()
            until(lambda: rows(sqlite_database)["slow"][1], "slow was tried")


@pytest.mark.parametrize(
    ("payload", "error"), [({}, "KeyError"), ({"type": "alert.firing", "data": None}, "TypeError")]
)
def test_what_a_receiver_raises_is_an_attempt_that_failed(
    sqlite_database: sa.Engine, payload: dict[str, Any], error: str
) -> None:
    owe(sqlite_database, "ops", payload=payload)
    with delivering(sqlite_database, ops=LOG) as (deliveries, samples):
        until(lambda: rows(sqlite_database)["ops"][1], "it was tried")
        deliveries.check()

    assert rows(sqlite_database)["ops"][0] == "pending"
    assert str(rows(sqlite_database)["ops"][1]).startswith(error)
    assert samples[counted("ops", "retried")] >= 1


def test_a_courier_that_ended_of_a_fault_is_found_out(sqlite_database: sa.Engine) -> None:
    owe(sqlite_database, "ops")
    with writing(sqlite_database) as connection:
        connection.execute(sa.text("update outbox set created_at = 'never'"))

    with delivering(sqlite_database, ops=LOG) as (deliveries, samples):
        failed = ("alert_couriers_failed_total", (("receiver", "ops"),))
        until(lambda: failed in samples, "the courier ended")
        with pytest.raises(RuntimeError, match="the deliveries to ops ended"):
            until(lambda: deliveries.check(), "it is told")
