"""The tables depend on the set of events alone: not on order, batches or repetitions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.lives import lives
from kit.rows import empty_tables

from surveil.domain import Event
from surveil.store.all_tables import metadata
from surveil.store.engine import reading, writing
from surveil.store.finding import Finding
from surveil.store.ingest import write_batch
from surveil.store.integrity import CHECKS

TABLES = [
    metadata.tables[name]
    for name in (
        *("camera", "model", "run", "run_range", "interval", "observation", "camera_event"),
        *("track", "timeline_1m", "timeline_1h", "coverage_1m", "coverage_1h", "gap"),
    )
]


def store(database: sa.Engine, events: Sequence[Event], sizes: Iterator[int]) -> None:
    at = 0
    while at < len(events):
        size = next(sizes)
        with writing(database) as connection:
            written = write_batch(connection, events[at : at + size])
            assert not written.refused
        at += size


def dump(database: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    with reading(database) as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in TABLES
        }


def find_damage(database: sa.Engine) -> list[Finding]:
    with reading(database) as connection:
        return [finding for check in CHECKS for finding in check(connection)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_order_division_and_repetition_gives_the_same_tables(
    kind: str, request: pytest.FixtureRequest
) -> None:
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
    def check(one: list[Event], other: list[Event], seed: int) -> None:
        events, chance = one + other, random.Random(seed)
        empty_tables(database)
        store(database, events, iter([len(events)]))
        expected = dump(database)
        assert find_damage(database) == []
        again = events + chance.sample(events, k=len(events) // 2)
        chance.shuffle(again)
        for arriving in (events, again):
            empty_tables(database)
            store(database, arriving, iter(lambda: chance.choice([1, 1, 2, 5]), None))
            assert dump(database) == expected

    check()
