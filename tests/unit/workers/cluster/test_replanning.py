"""The plan in SQL: by heartbeats, and kept by whoever comes next."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from surveil.store.engine import writing
from surveil.store.hosts import (
    beat,
    load_holdings,
    load_hosts,
    load_placement,
    placed_on,
    set_state,
)
from surveil.store.leases import Grant, acquire, database_now
from surveil.store.tables import host
from surveil.workers.cluster.placing import Need
from surveil.workers.cluster.replanning import replan

NEEDS = {f"cam-{number}": Need(5.0) for number in range(4)}


def heard(database: sa.Engine, *names: str, is_new: bool = True) -> list[str]:
    with writing(database) as connection:
        return [beat(connection, name, {"site": name}, 40.0, is_new=is_new) for name in names]


def silence(database: sa.Engine, name: str) -> None:
    with writing(database) as connection:
        past = database_now(connection) - timedelta(seconds=60)
        connection.execute(sa.update(host).where(host.c.id == name).values(heartbeat_at=past))


def test_a_silent_hosts_cameras_go_to_others_and_do_not_come_back(database: sa.Engine) -> None:
    heard(database, "a", "b")
    assert len(replan(database, NEEDS, 10.0).moved) == 4
    silence(database, "a")
    moved = replan(database, NEEDS, 10.0).moved
    assert set(moved.values()) == {"b"}
    assert len(moved) == 2
    heard(database, "a")
    assert replan(database, NEEDS, 10.0).moved == {}
    assert len(replan(database, NEEDS, 10.0, evenly=True).moved) == 2


def test_a_draining_host_is_given_nothing_until_it_starts_again(database: sa.Engine) -> None:
    heard(database, "a", "b")
    replan(database, NEEDS, 10.0)
    with writing(database) as connection:
        assert set_state(connection, "a", "draining")
        assert not set_state(connection, "nobody", "draining")
    assert set(replan(database, NEEDS, 10.0).placed.values()) == {"b"}
    assert heard(database, "a", is_new=False) == ["draining"]
    assert heard(database, "a") == ["active"]
    with writing(database) as connection:
        assert placed_on(connection, "a") == set()


def test_placing_does_not_wait_for_a_heartbeat_that_is_being_written(database: sa.Engine) -> None:
    if database.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    heard(database, "a", "b")
    with writing(database) as connection:
        beat(connection, "a", {"site": "a"}, 40.0, is_new=False)
        assert len(replan(database, NEEDS, 10.0).moved) == 4


def test_a_camera_that_the_fleet_has_no_more_has_no_place(database: sa.Engine) -> None:
    heard(database, "a")
    replan(database, NEEDS, 10.0)
    replan(database, {"cam-0": Need(5.0)}, 10.0)
    with writing(database) as connection:
        assert load_placement(connection) == {"cam-0": "a"}


def test_who_holds_what_is_told_with_the_time_left(database: sa.Engine) -> None:
    heard(database, "a")
    with writing(database) as connection:
        assert acquire(connection, "a", ["cam-0"], 10.0) == [Grant("cam-0", 1, None)]
        holding = load_holdings(connection)["cam-0"]
        (row,) = load_hosts(connection)
    assert (holding.holder, holding.token) == ("a", 1)
    assert 0 < holding.left_s <= 10
    assert (row.id, row.labels, row.capacity_fps) == ("a", {"site": "a"}, 40.0)
    assert row.silent_s < 60
