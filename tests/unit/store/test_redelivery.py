"""Failed messages are sent again when an operator asks, under the ids that they had."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from kit.events import after

from surveil.config import Receiver
from surveil.errors import ConfigError
from surveil.store.alerts import AlertBatch, AlertStep, OutboxMessage, commit_alerts
from surveil.store.engine import reading, writing
from surveil.store.outbox import load_due
from surveil.store.redelivery import Redelivered, redeliver
from surveil.store.scope import Scope
from surveil.store.tables import outbox
from surveil.workers.alerting.sql_outbox import SqlOutbox

ALL = Scope.all()
NOW = after(200_000)  # more than 36 hours after all that is told


def step(
    camera: str, to: str, second: float, *messages: str, group: str | None = None
) -> AlertStep:
    at = after(second)
    told = tuple(
        OutboxMessage(id_, "desk" if "desk" in id_ else "ops", {"type": f"alert.{to}"}, group)
        for id_ in messages
    )
    before = "firing" if to == "resolved" else "inactive"
    return AlertStep("joy", camera, camera, before, to, at, at, 0.7, {}, {}, "", told)


def commit(database: sa.Engine, *steps: AlertStep) -> dict[str, str]:
    """Write steps; return the ids of all alerts by their cameras."""
    with writing(database) as connection:
        commit_alerts(connection, AlertBatch(steps=list(steps)), number=1, now_at=after(0))
    with reading(database) as connection:
        rows = connection.execute(sa.text("select camera_id, id from alert"))
        return {row.camera_id: row.id for row in rows}


def end(database: sa.Engine, state: str, *ids: str) -> None:
    with writing(database) as connection:
        values: dict[str, Any] = {"state": state, "attempts": 300, "last_error": "HTTP status 500"}
        connection.execute(sa.update(outbox).where(outbox.c.id.in_(ids)).values(values))


def again(database: sa.Engine, id_: str | None = None, **options: Any) -> Redelivered:
    options = {"receiver": None, "by": "ana", "now": NOW, **options}
    with writing(database) as connection:
        return redeliver(connection, options.pop("scope", ALL), id_, **options)


def due(database: sa.Engine, receiver: str = "ops") -> list[str]:
    with reading(database) as connection:
        return [one.id for one in load_due(connection, receiver, NOW)]


def test_those_of_one_alert_are_due_again_and_that_is_written_down(database: sa.Engine) -> None:
    ids = commit(
        database,
        step("lobby", "firing", 10, "m1", "m1-desk"),
        step("lobby", "resolved", 20, "m2"),
        step("hall", "firing", 30, "m3"),
    )
    end(database, "failed", "m1", "m1-desk", "m3")
    end(database, "delivered", "m2")

    assert again(database, ids["lobby"][-8:], receiver="ops") == Redelivered(1, 0)

    assert due(database) == ["m1"]
    assert due(database, "desk") == []
    with reading(database) as connection:
        log = connection.execute(sa.text("select actor, action, subject from audit_log"))
        assert [tuple(row) for row in log] == [("ana", "redeliver", f"alert {ids['lobby']}")]


def test_it_is_tried_for_as_long_as_a_new_one(database: sa.Engine) -> None:
    commit(database, step("lobby", "firing", 10, "m1"))
    end(database, "failed", "m1")
    again(database)

    (owed,) = SqlOutbox(database, "ops", Receiver.model_validate({"log": {}})).due(NOW)

    assert (owed.notice.id, owed.created_at, owed.attempts) == ("m1", NOW, 0)


def test_of_all_those_are_left_out_whose_receiver_knows_something_later(
    database: sa.Engine,
) -> None:
    commit(
        database,
        step("lobby", "firing", 10, "m1", "m1-desk"),
        step("lobby", "resolved", 20, "m2", "m2-desk"),
        step("hall", "firing", 30, "m3"),
    )
    end(database, "failed", "m1", "m1-desk", "m2-desk", "m3")
    end(database, "delivered", "m2")

    assert again(database) == Redelivered(3, 1)

    assert due(database) == ["m3"]
    assert due(database, "desk") == ["m1-desk"]  # and then m2-desk


def test_an_alert_of_a_group_is_told_by_the_groups_message(database: sa.Engine) -> None:
    group = '{"rule": "joy"}'
    ids = commit(
        database,
        step("lobby", "firing", 10, "m1", group=group),
        step("hall", "firing", 11, "m2", group=group),
    )
    receiver = Receiver.model_validate({"log": {}, "group_by": ["rule"], "wait": "1s"})
    (owed,) = SqlOutbox(database, "ops", receiver).due(after(60))
    end(database, "failed", owed.notice.id)

    assert again(database, ids["lobby"]) == Redelivered(1, 0)

    assert due(database) == [owed.notice.id]


def test_what_did_not_fail_is_left_alone(database: sa.Engine) -> None:
    ids = commit(database, step("lobby", "firing", 10, "m1"))
    end(database, "delivered", "m1")

    assert again(database, ids["lobby"]) == Redelivered(0, 0)
    assert again(database) == Redelivered(0, 0)
    with reading(database) as connection:
        assert connection.scalar(sa.text("select count(*) from audit_log")) == 0


def test_another_ones_alert_is_as_good_as_unknown(database: sa.Engine) -> None:
    ids = commit(database, step("lobby", "firing", 10, "m1"))
    end(database, "failed", "m1")

    with pytest.raises(ConfigError, match="no alert"):
        again(database, ids["lobby"], scope=Scope.only(["hall"]))
    assert again(database, scope=Scope.only(["hall"])) == Redelivered(0, 0)
