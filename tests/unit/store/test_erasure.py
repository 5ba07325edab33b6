"""What is erased is gone from every table, the rest is as it was, and all proofs hold."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.events import CameraLife, after, make_vote
from kit.rows import empty_tables

from surveil.errors import ConfigError
from surveil.policy import Policy, apply
from surveil.store.audit import load_audit
from surveil.store.dead_letters import DeadLetter, insert_dead_letters
from surveil.store.engine import reading, writing
from surveil.store.erasure import Span, erase, look
from surveil.store.ingest import write_batch
from surveil.store.integrity import CHECKS
from surveil.store.tables import dead_letter

NOW = after(99_999)
TABLES = (
    "interval",
    "observation",
    "track",
    "timeline_1m",
    "timeline_1h",
    "coverage_1m",
    "coverage_1h",
    "gap",
    "run",
    "run_range",
)
GROUPS = Policy(keeps_tracks=False, min_group=5)


def store(database: sa.Engine, *lives: CameraLife) -> None:
    with writing(database) as connection:
        write_batch(connection, [event for life in lives for event in life])


def rows(database: sa.Engine, table: str) -> list[dict[str, object]]:
    with reading(database) as connection:
        found = connection.execute(sa.text(f"select * from {table}")).mappings()
        return sorted((dict(row) for row in found), key=str)


def run_erase(database: sa.Engine, from_at: datetime, to_at: datetime) -> int:
    return sum(erase(database, Span.around("lobby", from_at, to_at), actor="ana", now=NOW))


def check(database: sa.Engine) -> None:
    with reading(database) as connection:
        assert [finding for check in CHECKS for finding in check(connection)] == []


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    since_s=st.integers(0, 400),
    length_s=st.integers(1, 400),
    people=st.lists(st.integers(0, 2), min_size=40, max_size=40),
)
def test_it_is_as_if_nobody_had_been_there(
    database: sa.Engine, since_s: int, length_s: int, people: list[int]
) -> None:
    span = Span.around("lobby", after(since_s), after(since_s + length_s))
    empty_tables(database)
    life, without = CameraLife(), CameraLife()
    for place, count in enumerate(people):
        second = place * 10
        votes = [make_vote(1 + number * 9 + second // 60) for number in range(count)]
        life.sees(second, second + 1, *votes)
        is_erased = span.from_at <= after(second) < span.to_at
        without.sees(second, second + 1, *([] if is_erased else votes))
    store(database, without, CameraLife("vault", "01V").sees(30, 31, make_vote(1)))
    wanted = {table: rows(database, table) for table in TABLES}
    empty_tables(database)
    store(database, life, CameraLife("vault", "01V").sees(30, 31, make_vote(1)))
    run_erase(database, after(since_s), after(since_s + length_s))
    for table in TABLES:
        assert rows(database, table) == wanted[table], table
    check(database)


def test_groups_are_erased_and_what_is_sent_again_does_not_come_back(database: sa.Engine) -> None:
    life = CameraLife()
    for second in range(5):
        life.sees(second, second + 1, *(make_vote(number) for number in range(1, 7)))
    events = [apply(event, GROUPS) for event in life]
    with writing(database) as connection:
        write_batch(connection, events)
    span = Span.around("lobby", after(0), after(5))
    assert look(database, span, NOW).groups == 5
    run_erase(database, after(0), after(5))
    with writing(database) as connection:
        assert write_batch(connection, events).duplicates == 5
    assert rows(database, "timeline_1m") == rows(database, "timeline_1h") == []
    assert look(database, span, NOW).groups == 0
    check(database)


def test_the_audit_log_has_who_erased_what(database: sa.Engine) -> None:
    store(database, CameraLife().sees(0, 1, make_vote(1), make_vote(2)))
    assert run_erase(database, after(0), after(1)) == 2
    with reading(database) as connection:
        done, begun = load_audit(connection, limit=9)
    assert (begun.actor, begun.action, begun.subject) == ("ana", "erase", "camera lobby")
    assert (done.action, done.detail["faces"], done.detail["tracks"]) == ("erased", 2, 2)


@pytest.mark.parametrize(
    ("data", "is_its"),
    [
        ('{"camera":"lobby","run":"01C"}', True),
        ('{"run": "01C", "camera" : "lobby", "tr', True),  # cut off
        ("lobby: what nobody can read", True),
        ('{"camera":"lobby-2","run":"01C"}', False),
        ('{"camera":"vault","detail":"beside lobby"}', False),
        ("the lobby_2 and the old-lobby", False),
    ],
)
def test_dead_letters_of_the_camera_are_emptied_and_those_of_its_namesakes_are_not(
    database: sa.Engine, data: str, is_its: bool
) -> None:
    store(database, CameraLife().sees(0, 1, make_vote(1)))
    fields = {"v": "1", "type": "interval", "data": data}
    letter = DeadLetter("recorder", "surveil:events:0", "1-0", fields, "format: bad", 1, NOW)
    with writing(database) as connection:
        insert_dead_letters(connection, [letter])
    for emptied in (int(is_its), 0):
        run_erase(database, after(0), after(1))
        with reading(database) as connection:
            kept = connection.execute(sa.select(dead_letter.c.fields)).scalar_one()
            assert load_audit(connection, limit=1)[0].detail["dead_letters"] == emptied
        assert kept == ({} if is_its else fields)


def test_dead_letters_of_its_runs_are_emptied(database: sa.Engine) -> None:
    store(database, CameraLife("lobby", "01A").sees(0, 1, make_vote(1)))
    letters = [
        DeadLetter("recorder", "surveil:events:0", f"{run}-0", {"data": "?"}, "x", 1, NOW, run, 9)
        for run in ("01A", "01B")
    ]
    with writing(database) as connection:
        insert_dead_letters(connection, letters)
    run_erase(database, after(0), after(1))
    with reading(database) as connection:
        rows = connection.execute(sa.select(dead_letter.c.run_id, dead_letter.c.fields))
        assert {row.run_id: row.fields for row in rows} == {"01A": {}, "01B": {"data": "?"}}


def test_an_unknown_camera_and_a_span_backwards_are_refused(database: sa.Engine) -> None:
    with pytest.raises(ConfigError, match="nothing is stored of a camera 'lobby'"):
        look(database, Span.around("lobby", after(0), after(1)), NOW)
    with pytest.raises(ConfigError, match="later"):
        Span.around("lobby", after(1), after(0))
