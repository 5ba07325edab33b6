"""Messages in groups, and messages that are repeated, on both databases."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from kit.events import after

from surveil.store.alerts import AlertBatch, AlertStep, OutboxMessage, commit_alerts
from surveil.store.engine import reading, writing
from surveil.store.grouping import Grouping, compose_groups, due_groups
from surveil.store.marks import acknowledge
from surveil.store.outbox import OwedMessage, abandon, load_due, settle
from surveil.store.reading import load_transitions
from surveil.store.repeating import load_lasting, repeat_messages
from surveil.store.scope import Scope

GROUPING = Grouping(wait_s=10, interval_s=60)
NUMBERS = count(1)
BY_RULE = json.dumps({"rule": "joy"})


class World:
    """One receiver, ``ops``, with steps that are told to it."""

    def __init__(self, database: sa.Engine) -> None:
        self.database = database
        self.commits = 0

    def step(
        self, second: float, camera: str, to: str, *, group: str | None = BY_RULE, id_: str = ""
    ) -> str:
        before = {"firing": "inactive", "resolved": "firing"}[to]
        id_ = id_ or f"msg_{next(NUMBERS)}"
        data = {"rule": "joy", "key": camera, "state": to}
        message = OutboxMessage(id_, "ops", {"type": f"alert.{to}", "data": data}, group)
        at = after(second)
        one = AlertStep("joy", camera, camera, before, to, at, at, 0.7, {}, {}, "", (message,))
        self.commits += 1
        with writing(self.database) as connection:
            batch = AlertBatch(steps=[one])
            commit_alerts(connection, batch, number=self.commits, now_at=at)
        return id_

    def compose(self, second: float) -> int:
        with reading(self.database) as connection:
            groups = due_groups(connection, "ops", GROUPING, after(second))
        with writing(self.database) as connection:
            compose_groups(connection, "ops", groups, after(second))
        return len(groups)

    def due(self, second: float) -> list[OwedMessage]:
        with reading(self.database) as connection:
            return load_due(connection, "ops", after(second))

    def deliver(self, second: float) -> list[dict[str, Any]]:
        """Deliver what is due; return the data of the messages."""
        told = self.due(second)
        with writing(self.database) as connection:
            for one in told:
                at = after(second)
                settle(
                    connection, one.id, state="delivered", attempts=1, error=None, delivered_at=at
                )
        return [dict(one.payload) for one in told]

    def repeat(self, second: float, *, every_s: float = 100) -> int:
        with reading(self.database) as connection:
            lasting = load_lasting(connection, "ops", every_s, after(second))
        assert all((one.rule, one.labels) == ("joy", {}) for one in lasting)
        with writing(self.database) as connection:
            return repeat_messages(connection, "ops", lasting, after(second))


@pytest.fixture
def world(database: sa.Engine) -> World:
    return World(database)


def test_what_fires_together_is_told_together(world: World) -> None:
    for second, camera in enumerate("abc"):
        world.step(second, camera, "firing")
    assert world.compose(9.9) == 0
    assert world.due(9.9) == []
    assert world.compose(10) == 1
    (told,) = world.deliver(10)
    assert told["type"] == "alert.group"
    assert {key: told["data"][key] for key in ("group", "firing", "resolved", "omitted")} == {
        "group": {"rule": "joy"},
        "firing": 3,
        "resolved": 0,
        "omitted": 0,
    }
    assert [one["data"]["key"] for one in told["data"]["alerts"]] == ["a", "b", "c"]
    with reading(world.database) as connection:
        assert due_groups(connection, "ops", Grouping(), after(9999)) == []
        steps = load_transitions(connection, Scope.all(), since_at=after(0), rule=None, limit=9)
    assert [[one.state for one in step.deliveries] for step in steps] == [["delivered"]] * 3


def test_a_group_speaks_again_after_its_interval(world: World) -> None:
    world.step(0, "a", "firing")
    world.compose(10)
    world.deliver(10)
    world.step(20, "a", "resolved")
    world.step(30, "b", "firing")
    assert world.compose(69.9) == 0
    assert world.compose(70) == 1
    (told,) = world.deliver(70)
    words = [(one["type"], one["data"]["key"]) for one in told["data"]["alerts"]]
    assert words == [("alert.firing", "b"), ("alert.resolved", "a")]
    world.step(200, "b", "resolved")  # long after the last message: a group waits as a new one
    assert world.compose(209) == 0
    assert world.compose(210) == 1


def test_of_an_alert_the_last_word_is_told(world: World) -> None:
    for second, to in enumerate(["firing", "resolved", "firing"]):
        world.step(second, "a", to)
    world.compose(20)
    (told,) = world.deliver(20)
    assert (told["data"]["firing"], told["data"]["resolved"]) == (1, 0)


def test_while_a_message_is_on_its_way_its_group_gathers(world: World) -> None:
    world.step(0, "a", "firing")
    world.compose(10)
    for n in range(1, 4):
        world.step(n * 100, str(n), "firing")
        assert world.compose(n * 100 + 90) == 0
    (first,) = world.due(400)
    world.deliver(400)
    assert world.compose(400) == 1
    (second,) = world.due(400)
    assert first.id != second.id
    assert second.payload["data"]["firing"] == 3


def test_a_group_given_up_meanwhile_is_not_told(world: World) -> None:
    world.step(0, "a", "firing")
    with reading(world.database) as connection:
        groups = due_groups(connection, "ops", GROUPING, after(10))
    assert groups == [BY_RULE]
    with writing(world.database) as connection:
        abandon(connection, ["others"])
        compose_groups(connection, "ops", groups, after(10))
    assert world.due(10) == []


def test_groups_of_different_values_are_told_apart(world: World) -> None:
    world.step(0, "a", "firing", group=json.dumps({"camera": "a"}))
    world.step(0, "b", "firing", group=json.dumps({"camera": "b"}))
    world.step(0, "c", "firing", group=None)
    assert world.compose(10) == 2
    kinds = sorted(told["type"] for told in world.deliver(10))
    assert kinds == ["alert.firing", "alert.group", "alert.group"]


def test_setting_the_clock_back_holds_up_no_group(world: World) -> None:
    world.step(5000, "a", "firing")
    assert world.compose(0) == 1


def test_more_than_are_listed_are_counted(world: World) -> None:
    for n in range(103):
        world.step(0, f"c{n}", "firing")
    world.compose(10)
    (told,) = world.deliver(10)
    assert (told["data"]["firing"], told["data"]["omitted"]) == (103, 3)
    assert len(told["data"]["alerts"]) == 100


def test_what_fires_for_long_is_told_again_under_another_id(world: World) -> None:
    first = world.step(0, "a", "firing", group=None)
    assert world.repeat(500) == 0  # the first message is still on its way
    world.deliver(0)
    assert world.repeat(99) == 0
    assert world.repeat(100) == 1
    assert world.repeat(100) == 0
    (again,) = world.due(100)
    assert again.id != first
    assert again.payload["data"]["repeat"] == 1
    world.deliver(100)
    assert world.repeat(200) == 1
    (third,) = world.deliver(200)
    assert third["data"]["repeat"] == 2
    world.step(210, "a", "resolved", group=None)
    world.deliver(210)
    assert world.repeat(900) == 0


def test_what_is_acknowledged_is_not_told_again(world: World) -> None:
    world.step(0, "a", "firing", group=None)
    world.deliver(0)
    with writing(world.database) as connection:
        (id_,) = connection.scalars(sa.text("select id from alert"))
        acknowledge(connection, Scope.all(), id_, by="ana", note="", now=after(50))
    assert world.repeat(100) == 0


def test_what_is_told_in_groups_is_repeated_in_them(world: World) -> None:
    for camera in "ab":
        world.step(0, camera, "firing")
    world.compose(10)
    world.deliver(10)
    assert world.repeat(100) == 2
    assert world.compose(100) == 0
    assert world.compose(110) == 1
    (told,) = world.deliver(110)
    assert [one["data"]["repeat"] for one in told["data"]["alerts"]] == [1, 1]
    assert world.repeat(110) == 0


def test_ids_last_over_attempts(world: World) -> None:
    world.step(0, "a", "firing")
    world.compose(10)
    (first,) = world.due(10)
    with writing(world.database) as connection:
        settle(
            connection, first.id, state="pending", attempts=1, error="x",
            next_attempt_at=after(10) + timedelta(seconds=5),
        )  # fmt: skip
    assert world.compose(11) == 0
    (second,) = world.due(20)
    assert (first.id, first.payload) == (second.id, second.payload)
