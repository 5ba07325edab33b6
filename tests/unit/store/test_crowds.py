"""Attacks on cameras that tell of groups alone: whatever is asked of SQL, nobody is told of."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.events import CameraLife, after, make_vote
from kit.rows import empty_tables

from surveil.domain import EMOTIONS, Event
from surveil.events.codec import decode, encode
from surveil.policy import Policy, apply
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.integrity import CHECKS
from surveil.store.reading import read_timeline, replay
from surveil.store.scope import Scope

RUN, OTHER = "01JD0000000000000000000000", "01JD0000000000000000000001"
GROUPS = Policy(keeps_tracks=False, min_group=5)
ALL = Scope.all()


def told(life: CameraLife) -> list[Event]:
    """Return what leaves inference, by way of the stream."""
    events = [apply(event, GROUPS) for event in life]
    assert [decode(encode(event)) for event in events] == events
    return events


def store(database: sa.Engine, events: list[Event]) -> None:
    with writing(database) as connection:
        write_batch(connection, events)


def votes_between(database: sa.Engine, since_s: float, until_s: float) -> tuple[int, ...]:
    with reading(database) as connection:
        (bucket,) = read_timeline(
            connection, ALL, "lobby", [after(since_s), after(until_s)], after(99_999)
        )
    return bucket.votes


def test_a_lone_person_over_an_hour_leaves_no_trace(database: sa.Engine) -> None:
    """Many tracks, since the person comes and goes; and it is as if nobody had been there."""
    visited, empty = CameraLife(run=RUN), CameraLife("vault", OTHER)
    for second in range(0, 3600, 4):
        visited.sees(second, second + 1, make_vote(1 + second // 20))
        empty.sees(second, second + 1)
    store(database, told(visited))
    store(database, told(empty))
    tables = ("interval", "observation", "track", "timeline_1m", "timeline_1h")
    with reading(database) as connection:
        for table in (*tables, "coverage_1m", "coverage_1h"):
            query = sa.text(f"select * from {table} where camera_id = :id")
            one, other = (
                [dict(row) for row in connection.execute(query, {"id": id_}).mappings()]
                for id_ in ("lobby", "vault")
            )
            for row in (*one, *other):
                row.pop("camera_id")
                row.pop("run_id", None)
            assert sorted(map(str, one)) == sorted(map(str, other)), table


def test_groups_are_told_of_by_minute_and_hour_and_second_alike(database: sa.Engine) -> None:
    life = CameraLife(run=RUN)
    for second in range(60):
        people = 6 if 20 <= second < 40 else 3
        life.sees(second, second + 1, *(make_vote(number) for number in range(1, people + 1)))
    events = told(life)
    store(database, events)
    happy = [emotion.value for emotion in EMOTIONS].index("happy")
    assert votes_between(database, 0, 60)[happy] == 20 * 6
    assert votes_between(database, 10, 70)[happy] == 20 * 6  # of the minute's rollup
    assert votes_between(database, 22, 23)[happy] == 6
    assert votes_between(database, 0, 20) == (0,) * 7
    with reading(database) as connection:
        assert [finding for check in CHECKS for finding in check(connection)] == []
        assert connection.execute(sa.text("select count(*) from observation")).scalar() == 0
        assert connection.execute(sa.text("select count(*) from track")).scalar() == 0
        again = list(replay(connection, ALL, after(0), after(61)))
        rows = connection.execute(sa.text("select * from v_timeline where emotion = 'happy'")).all()
    assert again == events
    assert [row.mean_score for row in rows if row.votes] == [pytest.approx(0.7, abs=1e-6)]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_range_and_no_difference_of_ranges_tells_of_fewer(
    sqlite_database: sa.Engine, data: st.DataObject
) -> None:
    database = sqlite_database
    empty_tables(database)
    life = CameraLife(run=RUN)
    people = data.draw(st.lists(st.integers(0, 8), min_size=10, max_size=60))
    for second, count in enumerate(people):
        shown = data.draw(st.lists(st.sampled_from(EMOTIONS), min_size=count, max_size=count))
        life.sees(second, second + 1, *(make_vote(n, one) for n, one in enumerate(shown, 1)))
    store(database, told(life))
    cut = st.integers(0, len(people))
    marks = sorted({data.draw(cut), data.draw(cut), data.draw(cut), len(people) + 20})
    spans = [(one, other) for one in marks for other in marks if one < other]
    sums = {span: sum(votes_between(database, *span)) for span in spans}
    for (since, until), votes in sums.items():
        assert votes == sum(count for count in people[since:until] if count >= 5)
    for one, other in ((a, b) for a in spans for b in spans if a[0] == b[0] and a[1] < b[1]):
        between = people[one[1] : other[1]]
        difference = sums[other] - sums[one]
        assert difference == 0 or any(count >= 5 for count in between)
        assert difference == 0 or difference >= 5


def test_what_is_stored_of_an_interval_is_its_sums(database: sa.Engine) -> None:
    life = CameraLife(run=RUN).sees(0, 1, *(make_vote(number) for number in range(1, 7)), gated=2)
    store(database, told(life))
    with reading(database) as connection:
        row = connection.execute(sa.text("select * from interval")).one()
    assert (row.faces, row.gated) == (6, 0)
