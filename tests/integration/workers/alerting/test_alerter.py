"""The alerter on real servers, in a thread of the test."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url
from standardwebhooks.webhooks import Webhook

from surveil.events.connection import connect as connect_redis
from surveil.events.embedded import EmbeddedRedis
from surveil.events.streams import stream_key
from surveil.store.alerts import AlertBatch, commit_alerts
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.tables import alert

JOY = {
    "name": "joy",
    "when": [{"share": {"emotion": "happy", "over": "3s"}, "above": 0.5}],
    "for": "3s",
    "labels": {"severity": "info"},
    "annotations": {"summary": "{{camera}}: {{value|percent}} happy"},
    "notify": ["ops"],
}


@pytest.fixture
def running(site: Any, kit: Any, redis_server: EmbeddedRedis) -> Iterator[Any]:
    running = kit.running(site.configure(redis_server.url, rules=[JOY]))
    yield running
    assert running.stop() == 0


def test_fires_resolves_and_tells_once(site: Any, kit: Any, running: Any) -> None:
    script = kit.script()
    for event in script.play("nnnnhhhhhhhhhnnnnnn"):
        site.publish([event])
    kit.until(lambda: len(site.hook.accepted) == 2 and site.is_settled)

    assert site.hook.types == ["alert.firing", "alert.resolved"]
    _, headers, body = site.hook.accepted[0]
    message = Webhook(kit.secret).verify(body, headers)
    assert message["data"]["annotations"] == {"summary": "lobby: 100% happy"}
    assert message["data"]["camera"] == "lobby"
    # Two of three votes in the second that ends at 6; three such seconds at 8; one of three at 15.
    with reading(site.database) as connection:
        (row,) = connection.execute(alert.select()).all()
    seconds = [(at - script.start_at).total_seconds() for at in (row.fired_at, row.resolved_at)]
    assert (row.state, seconds) == ("resolved", [8, 15])
    assert running.samples["alerts_firing", (("rule", "joy"),)] == 0
    assert (
        running.samples["alert_deliveries_total", (("outcome", "delivered"), ("receiver", "ops"))]
        == 2
    )


def test_compares_with_what_is_usual_in_sql(
    site: Any, kit: Any, redis_server: EmbeddedRedis
) -> None:
    """A fifth of the votes of the last 26 hours are happy; now all are."""
    past = kit.script()
    began_at, minute = past.start_at - timedelta(hours=26), timedelta(minutes=1)
    events = [
        replace(event, from_at=began_at + place * minute, to_at=began_at + (place + 1) * minute)
        for place, event in enumerate(past.play("nnnnh" * 26 * 12))
    ]
    for first in range(0, len(events), 500):
        with writing(site.database) as connection:
            write_batch(connection, events[first : first + 500])
    change = {"of": "share", "emotion": "happy", "over": "3s", "baseline": "1d", "as": "ratio"}
    unusual = {"name": "unusual", "when": {"change": change, "above": 4}, "notify": ["ops"]}
    running = kit.running(site.configure(redis_server.url, rules=[unusual]))

    for event in kit.script().play("nnnnhhhhhnnnnnn"):
        site.publish([event])
    kit.until(lambda: len(site.hook.accepted) == 2 and site.is_settled)

    assert site.hook.types == ["alert.firing", "alert.resolved"]
    value = json.loads(site.hook.accepted[0][2])["data"]["value"]
    assert value == pytest.approx(5)
    assert running.stop() == 0


def test_it_is_noted_who_evaluates(site: Any, kit: Any, running: Any) -> None:
    def find() -> list[Any]:
        return list(site.rows("select evaluated_at, evaluated_by from evaluation"))

    kit.until(find)
    (first,) = find()
    assert first[1].startswith(socket.gethostname())
    kit.until(lambda: find()[0][0] > first[0])


def test_unreadable_entries_become_dead_letters(site: Any, kit: Any, running: Any) -> None:
    site.client.xadd(stream_key(0), {"v": "1", "type": "interval", "data": "{"})
    kit.until(lambda: site.is_settled)

    ((group, reason),) = site.rows("select consumer_group, reason from dead_letter")
    assert (group, reason.partition(":")[0]) == ("alerter", "format")


def test_events_published_twice_or_out_of_order_change_nothing(
    site: Any, kit: Any, running: Any
) -> None:
    events = kit.script().play("nnnnhhhhhhhhhnnnnnn")
    shuffled = [events[i ^ 1] for i in range(len(events) - 1)] + [events[-1]]
    site.publish([*shuffled, *events[3:9]])
    kit.until(lambda: len(site.hook.accepted) == 2 and site.is_settled)

    assert [row[0] for row in site.rows("select to_state from alert_transition order by id")] == [
        "pending",
        "firing",
        "resolved",
    ]


def test_silent_camera_is_reported_by_the_clock(
    site: Any, kit: Any, redis_server: EmbeddedRedis
) -> None:
    rule = {
        "name": "blind",
        "when": [{"health": "camera", "silent_for": "3s"}],
        "notify": ["ops"],
    }
    cameras = ["lobby", "desk"]
    running = kit.running(site.configure(redis_server.url, rules=[rule], cameras=cameras))
    site.publish(kit.script("lobby").play("n" * 40))
    kit.until(lambda: site.hook.accepted)
    running.stop()

    (body,) = {body for _, _, body in site.hook.accepted}
    assert json.loads(body)["data"]["camera"] == "desk"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_setting_the_clock_pages_nobody_and_holds_nothing_up(
    site: Any, kit: Any, redis_server: EmbeddedRedis, step: timedelta
) -> None:
    blind = {"name": "blind", "when": [{"health": "camera", "silent_for": "3s"}]}
    running = kit.running(site.configure(redis_server.url, rules=[JOY, blind]))
    before = kit.script()
    site.publish(before.play("nnnn" + "n" * 30))
    kit.until(lambda: site.is_settled and running.lifeline.is_ready)

    running.set_clock(step)
    after = kit.script()
    after.start_at += step + timedelta(seconds=36)
    site.publish(after.play("nnhhhhhhhnnnnnn"))
    kit.until(lambda: len(site.hook.accepted) == 2 and site.is_settled)
    assert running.stop() == 0

    assert site.hook.types == ["alert.firing", "alert.resolved"]
    assert {row[0] for row in site.rows("select rule from alert_transition")} == {"joy"}
    assert running.samples["alerter_clock_steps_total", ()] == 1
    with reading(site.database) as connection:
        (row,) = connection.execute(alert.select()).all()
    assert row.fired_at == after.start_at + timedelta(seconds=6)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_database_away_loses_nothing_and_tells_nothing_twice(
    site: Any, kit: Any, redis_server: EmbeddedRedis, database_url: str
) -> None:
    running = kit.running(site.configure(redis_server.url, rules=[JOY]))
    script = kit.script()
    site.publish(script.play("nnnnhhh"))
    kit.until(lambda: site.rows("select 1 from alert_transition") and site.is_settled)

    with refused(database_url):
        site.publish(script.play("hhhhhh"))
        kit.until(lambda: not running.lifeline.is_ready)
    site.publish(script.play("nnnnnn"))
    kit.until(lambda: len(site.hook.accepted) == 2 and site.is_settled)
    assert running.stop() == 0

    assert site.hook.types == ["alert.firing", "alert.resolved"]


@contextmanager
def refused(database_url: str) -> Iterator[None]:
    """Make the server end and refuse all connections to a database."""
    url = make_url(database_url)
    name = url.database
    plain = url.set(drivername="postgresql", database="postgres")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        yield
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_redis_away_is_waited_for(site: Any, kit: Any, own_redis_server: EmbeddedRedis) -> None:
    fleet = site.configure(own_redis_server.url, rules=[JOY])
    with connect_redis(own_redis_server.url) as site.client:
        running = kit.running(fleet)
        script = kit.script()
        site.publish(script.play("nnnnhhhh"))
        kit.until(lambda: site.rows("select 1 from alert_transition") and site.is_settled)
    own_redis_server.stop()
    kit.until(lambda: not running.lifeline.is_ready)

    own_redis_server.start()
    with connect_redis(own_redis_server.url) as site.client:
        site.publish(script.play("hhhhhnnnnnn"))
        kit.until(lambda: len(site.hook.accepted) == 2 and site.is_settled)
    assert running.stop() == 0

    assert site.hook.types == ["alert.firing", "alert.resolved"]


def test_windows_are_as_they_were_however_long_nobody_was_at_work(
    site: Any, kit: Any, redis_server: EmbeddedRedis
) -> None:
    script = kit.script()
    script.start_at -= timedelta(hours=1)
    before = script.play("nnnnh")
    with writing(site.database) as connection:  # recorded, evaluated, and trimmed off the stream
        write_batch(connection, before)
        progress = AlertBatch(progress={script.run: before[-1].seq})
        commit_alerts(connection, progress, number=1, now_at=before[-1].to_at)

    running = kit.running(
        site.configure(redis_server.url, rules=[{**JOY, "for": 0, "annotations": {}}])
    )
    site.publish(script.play("h"))
    kit.until(lambda: site.hook.accepted)
    running.stop()

    body = json.loads(site.hook.accepted[0][2])
    fired_at = datetime.fromisoformat(body["data"]["at"])
    assert (fired_at - script.start_at).total_seconds() == 6
    assert body["data"]["value"] == pytest.approx(2 / 3)
