"""The outbox of a receiver with groups and reminders."""

from __future__ import annotations

import sqlalchemy as sa
from kit.events import after

from surveil.config import Receiver
from surveil.store.alerts import AlertBatch, AlertStep, OutboxMessage, commit_alerts
from surveil.store.engine import writing
from surveil.store.outbox import settle
from surveil.store.silences import add_silence
from surveil.workers.alerting.sql_outbox import SqlOutbox

RECEIVER = Receiver.model_validate({"log": {}, "group_by": ["rule"], "repeat_every": "100s"})


def fire(database: sa.Engine, second: float, camera: str, number: int, group: str | None) -> None:
    """Let an alert fire, told as message ``camera``."""
    data = {"rule": "joy", "key": camera, "state": "firing"}
    message = OutboxMessage(camera, "ops", {"type": "alert.firing", "data": data}, group)
    at = after(second)
    step = AlertStep(
        "joy", camera, camera, "inactive", "firing", at, at, 0.7, {}, {}, "", (message,)
    )
    with writing(database) as connection:
        commit_alerts(connection, AlertBatch(steps=[step]), number=number, now_at=at)


def test_while_nothing_is_to_be_made_nothing_is_locked(sqlite_database: sa.Engine) -> None:
    outbox = SqlOutbox(sqlite_database, "ops", RECEIVER)
    fire(sqlite_database, 0, "lobby", 1, '{"rule": "joy"}')
    with writing(sqlite_database):  # of the recorder, say
        assert outbox.due(after(9)) == []
    (told,) = outbox.due(after(10))
    assert told.notice.payload["data"]["firing"] == 1


def test_what_is_silenced_is_not_told_again(database: sa.Engine) -> None:
    outbox = SqlOutbox(database, "ops", RECEIVER)
    fire(database, 0, "lobby", 1, None)
    with writing(database) as connection:
        add_silence(
            connection, rule="j*", camera="*", labels={}, starts_at=after(50), ends_at=after(150),
            by="ana", comment="painters", now=after(50),
        )  # fmt: skip
        settle(
            connection, "lobby", state="delivered", attempts=1, error=None, delivered_at=after(0)
        )
    assert outbox.due(after(140)) == []
    (again,) = outbox.due(after(150))
    assert again.notice.payload["data"]["repeat"] == 1
