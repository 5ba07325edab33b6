"""The tables depend on the set of events alone: not on order, batches or repetitions."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.events import CameraLife, make_vote

from surveil.domain import EMOTIONS, CameraState, Reason
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.tables import metadata

TABLES = [
    metadata.tables[name]
    for name in (
        *("camera", "model", "run", "run_range", "interval", "observation", "camera_event"),
        *("track", "timeline_1m", "timeline_1h", "coverage_1m", "coverage_1h", "gap"),
    )
]

votes = st.builds(
    make_vote,
    track_id=st.integers(1, 3),
    emotion=st.sampled_from(EMOTIONS),
    confidence=st.floats(0.3, 1.0),
)
# Few instants, so that changes of state often coincide with borders of intervals.
later = st.sampled_from([0.0, 0.5, 1.0, 2.25])
changes = st.tuples(st.sampled_from(CameraState), st.sampled_from(Reason), later)
intervals = st.tuples(
    st.sampled_from([0.25, 1.0, 1.0, 7.5]),  # length
    st.sampled_from([0.0, 0.0, 0.0, 4.0, 130.0]),  # hole before it
    st.lists(votes, max_size=2, unique_by=lambda vote: vote.track_id),
    st.sampled_from([5, 5, 1, 0]),  # analysed
    st.integers(0, 2),  # busy
)


@st.composite
def lives(draw, camera):
    """Draw one camera's events over a few runs, some of them overlapping in time."""
    life, at_s = CameraLife(camera, f"01{camera}0"), 0.0
    for number in range(draw(st.integers(1, 3))):
        life.open(f"01{camera}{number}")
        at_s = max(0.0, at_s - draw(st.sampled_from([0.0, 0.0, 2.0])))
        for step in draw(st.lists(st.one_of(changes, intervals), min_size=1, max_size=8)):
            if len(step) == 3:
                state, reason, later_s = step
                life.says(at_s + later_s, state, reason)
            else:
                length_s, hole_s, seen, analysed, busy = step
                at_s += hole_s
                life.sees(at_s, at_s + length_s, *seen, analysed=analysed, busy=busy)
                at_s += length_s
    return list(life)


def empty(database):
    with writing(database) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))


def store(database, events, sizes):
    at = 0
    while at < len(events):
        size = next(sizes)
        with writing(database) as connection:
            written = write_batch(connection, events[at : at + size])
            assert not written.refused
        at += size


def dump(database):
    with reading(database) as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in TABLES
        }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_order_division_and_repetition_gives_the_same_tables(kind, request):
    if kind == "sqlite":
        database = request.getfixturevalue("sqlite_database")
        # Thousands of small transactions: none of them has to survive a power cut.
        sa.event.listen(database, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
    else:
        database = request.getfixturevalue("postgres_database")

    @settings(
        max_examples=30 if kind == "sqlite" else 10,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(one=lives("lobby"), other=lives("door"), seed=st.integers(0, 2**32))
    def check(one, other, seed):
        events, chance = one + other, random.Random(seed)
        empty(database)
        store(database, events, iter([len(events)]))
        expected = dump(database)
        again = events + chance.sample(events, k=len(events) // 2)
        chance.shuffle(again)
        for arriving in (events, again):
            empty(database)
            store(database, arriving, iter(lambda: chance.choice([1, 1, 2, 5]), None))
            assert dump(database) == expected

    check()
