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
from surveil.store.engine import reading, writing
from surveil.store.erasure import Span, erase, look
from surveil.store.ingest import write_batch
from surveil.store.integrity import CHECKS

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


def test_an_unknown_camera_and_a_span_backwards_are_refused(database: sa.Engine) -> None:
    with pytest.raises(ConfigError, match="nothing is stored of a camera 'lobby'"):
        look(database, Span.around("lobby", after(0), after(1)), NOW)
    with pytest.raises(ConfigError, match="later"):
        Span.around("lobby", after(1), after(0))
