from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from kit.events import CameraLife, after, make_vote
from kit.lives import lives
from kit.rows import empty_tables

from surveil.domain import CameraEvent, CameraState, Event, IntervalEvent, Reason
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.reading import replay
from surveil.store.rows import Row, camera_event_row, interval_row, observation_rows, span
from surveil.store.scope import Scope

LONG_AGO, FAR_AHEAD = after(-86400), after(86400)


def store(database: sa.Engine, *events: Event) -> None:
    with writing(database) as connection:
        write_batch(connection, events)


def read(
    database: sa.Engine,
    since_at: datetime = LONG_AGO,
    until_at: datetime = FAR_AHEAD,
    scope: Scope | None = None,
    held: int = 6,
) -> list[Event]:
    scope = scope or Scope.all()
    with reading(database) as connection:
        return list(replay(connection, scope, since_at, until_at, held_events=held))


def rows_of(event: Event) -> list[Row]:
    """Return all of an event, as exact as it is stored."""
    if isinstance(event, CameraEvent):
        return [camera_event_row(event)]
    votes = sorted(observation_rows(event), key=lambda row: row["track_id"])
    return [interval_row(event), *votes]


def place(event: Event) -> tuple[datetime, str, int]:
    return span(event)[1], event.run, event.seq


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_was_stored_comes_back_in_order_of_time(
    kind: str, request: pytest.FixtureRequest
) -> None:
    database = request.getfixturevalue(f"{kind}_database")

    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(one=lives("lobby"), other=lives("door"))
    def check(one: list[Event], other: list[Event]) -> None:
        empty_tables(database)
        store(database, *one, *other)
        found = read(database)
        wanted = sorted([*one, *other], key=place)
        assert [place(event) for event in found] == [place(event) for event in wanted]
        assert [rows_of(event) for event in found] == [rows_of(event) for event in wanted]

    check()


def test_only_what_began_within_the_span_comes(database: sa.Engine) -> None:
    life = CameraLife().says(0, CameraState.LIVE)
    for second in range(5):
        life.sees(second, second + 1, make_vote(1))
    life.says(5, CameraState.OFFLINE, Reason.TIMEOUT)
    store(database, *life)

    assert [event.seq for event in read(database, after(1), after(5))] == [3, 4, 5, 6]
    assert read(database, after(1), after(1)) == []
    assert read(database, scope=Scope.only(["desk"])) == []


def test_pages_end_anywhere_without_loss(sqlite_database: sa.Engine) -> None:
    lobby, desk = CameraLife(), CameraLife("desk", "01D")
    for second in range(50):
        lobby.sees(second, second + 1, make_vote(1), make_vote(2))
        desk.sees(second, second + 1)
    store(sqlite_database, *lobby, *desk)

    whole = read(sqlite_database, held=10_000)
    assert len(whole) == 100
    for held in (1, 2, 7, 25, 50):
        assert read(sqlite_database, held=held) == whole


def test_a_long_interval_comes_where_it_ends(sqlite_database: sa.Engine) -> None:
    life = CameraLife().sees(0, 60).open("01B").sees(1, 2).sees(2, 3)
    store(sqlite_database, *life)

    found = [event for event in read(sqlite_database) if isinstance(event, IntervalEvent)]
    assert [event.to_at - after(0) for event in found] == [
        timedelta(seconds=end_s) for end_s in (2, 3, 60)
    ]
