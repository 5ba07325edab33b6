"""Leases and fencing tokens: whatever hosts do, a handover has one instant and two clean sides."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.events import START_AT, CameraLife, after, make_vote

from surveil.domain import CameraState, IntervalEvent, Reason
from surveil.events.consumer import Delivery, EntryId
from surveil.events.streams import stream_key
from surveil.store.engine import connect, reading, writing
from surveil.store.leases import (
    Grant,
    acquire,
    database_now,
    find_fenced,
    forget_leases,
    release,
    renew,
)
from surveil.store.tables import dead_letter, gap, interval, lease, metadata, observation, run
from surveil.workers.recording.record_batch import BatchWriter

TTL_S = 10.0


class Hand:
    """A clock that the test sets, in the place of the database's."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self, connection: sa.Connection) -> datetime:
        return after(self.at_s)


def take(database: sa.Engine, holder: str, subjects: list[str], clock: Hand) -> list[Grant]:
    with writing(database) as connection:
        return acquire(connection, holder, subjects, TTL_S, clock=clock)


def test_a_camera_has_one_holder_at_a_time(database: sa.Engine) -> None:
    clock = Hand()
    assert take(database, "a", ["x", "y"], clock) == [Grant("x", 1, None), Grant("y", 1, None)]
    assert take(database, "b", ["x", "z"], clock) == [Grant("z", 1, None)]
    clock.at_s = 9
    with writing(database) as connection:
        assert renew(connection, "a", {"x": 1, "y": 1}, TTL_S, clock=clock) == {"x", "y"}
    clock.at_s = 18
    assert take(database, "b", ["x"], clock) == []
    clock.at_s = 19
    assert take(database, "b", ["x"], clock) == [Grant("x", 2, "a")]
    with writing(database) as connection:
        assert renew(connection, "a", {"x": 1}, TTL_S, clock=clock) == set()


def test_a_lease_that_has_ended_is_not_renewed_though_nobody_took_it(database: sa.Engine) -> None:
    clock = Hand()
    take(database, "a", ["x"], clock)
    clock.at_s = TTL_S
    with writing(database) as connection:
        assert renew(connection, "a", {"x": 1}, TTL_S, clock=clock) == set()
    assert take(database, "a", ["x"], clock) == [Grant("x", 2, "a")]


def test_what_is_given_back_is_free_at_once_and_nobody_was_lost(database: sa.Engine) -> None:
    clock = Hand()
    take(database, "a", ["x"], clock)
    clock.at_s = 1
    with writing(database) as connection:
        release(connection, "a", {"x": 1}, clock=clock)
    assert take(database, "b", ["x"], clock) == [Grant("x", 2, None)]


def test_the_clock_is_that_of_the_database(database: sa.Engine) -> None:
    with reading(database) as connection:
        first, second = database_now(connection), database_now(connection)
    assert first.utcoffset() == timedelta(0)
    assert first <= second


def test_of_many_that_ask_at_once_one_gets_it(postgres_url: str) -> None:
    granted: list[Grant] = []

    def ask(name: str) -> None:
        engine = connect(postgres_url)
        with writing(engine) as connection:
            granted.extend(acquire(connection, name, [f"c{i}" for i in range(20)], TTL_S))
        engine.dispose()

    threads = [threading.Thread(target=ask, args=(f"h{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(grant.subject for grant in granted) == sorted(f"c{i}" for i in range(20))


def test_old_grants_are_forgotten_but_the_newest_is_not(sqlite_database: sa.Engine) -> None:
    clock = Hand()
    for at_s in (0, 20, 40):
        clock.at_s = at_s
        take(sqlite_database, "a", ["x"], clock)
    with writing(sqlite_database) as connection:
        forget_leases(connection, after(1000))
        assert connection.scalars(sa.select(lease.c.token)).all() == [3]


# What the recorder makes of it.


def record(database: sa.Engine, *lives: CameraLife, token: int) -> dict[str, int]:
    events = [replace(event, token=token) for life in lives for event in life]
    at_ms = round(START_AT.timestamp() * 1000)
    entries = [Delivery(EntryId(stream_key(0), f"{at_ms}-{i}"), e) for i, e in enumerate(events)]
    return dict(BatchWriter(database, "recorder").write(entries).dead)


def test_what_a_cut_off_host_saw_before_the_handover_is_kept_and_later_is_not(
    database: sa.Engine,
) -> None:
    clock = Hand()
    take(database, "a", ["lobby"], clock)
    clock.at_s = 20
    take(database, "b", ["lobby"], clock)
    new = CameraLife("lobby", "01B").says(20.5, CameraState.CONNECTING, Reason.HOST_LOST)
    new.says(21, CameraState.LIVE, Reason.STARTING).sees(23, 24, make_vote(1))
    assert record(database, new, token=2) == {}
    old = (
        CameraLife("lobby", "01A").says(9, CameraState.LIVE).sees(9, 10).sees(19, 20, make_vote(1))
    )
    zombie = CameraLife("lobby", "01C").says(21, CameraState.LIVE).sees(22, 23, make_vote(1))
    late = old.sees(20, 21, make_vote(1)).sees(23, 24, make_vote(1))
    assert record(database, late, zombie, token=1) == {"fenced": 4}
    with reading(database) as connection:
        rows = connection.execute(sa.select(observation.c.observed_at).order_by("observed_at"))
        assert [row.observed_at for row in rows] == [after(19), after(23)]
        runs = connection.execute(sa.select(run.c.id, run.c.token, run.c.ended_at)).all()
        assert {row.id: row.token for row in runs} == {"01A": 1, "01B": 2, "01C": 1}
        assert {row.id for row in runs if row.ended_at is None} == {
            "01B"
        }  # the newest by its token
        gaps = connection.execute(sa.select(gap).order_by(gap.c.from_at)).all()
        assert [one.reason for one in gaps] == ["worker-lost", "host-lost"]
        letters = connection.execute(sa.select(dead_letter.c.reason)).scalars().all()
        assert letters[0].startswith("fenced: token 1 is older than 2, which b has since")


def test_one_host_alone_is_never_fenced(sqlite_database: sa.Engine) -> None:
    assert record(sqlite_database, CameraLife().sees(0, 1).sees(1, 2), token=0) == {}


def test_a_host_without_leases_is_fenced_while_another_holds_the_camera(
    database: sa.Engine,
) -> None:
    take(database, "a", ["lobby"], Hand())  # from 0 to 10
    life = CameraLife().sees(-2, -1).sees(5, 6).sees(11, 12)
    assert record(database, life, token=0) == {"fenced": 1}
    with reading(database) as connection:
        assert connection.execute(sa.select(run.c.ended_at)).scalar_one() is None


GRANT = st.tuples(st.sampled_from("xyz"), st.integers(1, 5), st.integers(-9, 60), st.booleans())
TOLD = st.tuples(st.sampled_from("xyz"), st.integers(0, 5), st.integers(-9, 60))


@settings(max_examples=80)
@given(grants=st.lists(GRANT, max_size=9), told=st.lists(TOLD, min_size=1, max_size=9))
def test_what_fences_an_event_is_found_among_all_grants(
    shared_database: sa.Engine,
    grants: list[tuple[str, int, int, bool]],
    told: list[tuple[str, int, int]],
) -> None:
    ends = {(subject, token): (at_s, 3 if ends else TTL_S) for subject, token, at_s, ends in grants}
    events = []
    for place, (camera, token, at_s) in enumerate(told):
        (event,) = CameraLife(camera, f"01{place}").sees(at_s, at_s + 1)
        events.append(replace(event, token=token))
    with writing(shared_database) as connection:
        connection.execute(sa.delete(lease))
        for (subject, token), (at_s, life_s) in ends.items():
            row = {"subject": subject, "token": token, "holder": "a", "started_at": after(at_s)}
            row |= {"expires_at": after(at_s + TTL_S), "released_at": None}
            row |= {"released_at": after(at_s + life_s)} if life_s < TTL_S else {}
            connection.execute(sa.insert(lease).values(row))
        found = find_fenced(connection, events)
    fenced = {
        (event.run, event.seq)
        for event, (camera, token, at_s) in zip(events, told, strict=True)
        for (subject, newer), (since_s, life_s) in ends.items()
        if subject == camera and newer > token and since_s <= at_s
        if token or at_s < since_s + life_s
    }
    assert found.keys() == fenced


# Any interleaving of what three hosts may do.


@dataclass
class Host:
    """Holds a camera as long as it thinks so; one that is cut off goes on for ever."""

    name: str
    token: int = 0
    until_s: float = -1.0
    life: CameraLife = field(default_factory=lambda: CameraLife("lobby", "?"))
    sent: list[IntervalEvent] = field(default_factory=list)


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 12)),
    st.tuples(st.sampled_from(["acquire", "renew", "release", "see", "haunt"]), st.integers(0, 2)),
    st.tuples(st.just("record"), st.integers(0, 40)),
)


@pytest.fixture(scope="module")
def shared_database() -> Iterator[sa.Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'x.db'}")
        metadata.create_all(engine)
        yield engine
        engine.dispose()


def _act(engine: sa.Engine, host: Host, what: str, clock: Hand) -> None:
    """Let a host do something; ``haunt`` is to see without asking whether the lease is over."""
    now_s = clock.at_s
    with writing(engine) as connection:
        if what == "acquire":
            for grant in acquire(connection, host.name, ["lobby"], TTL_S, clock=clock):
                host.token, host.until_s = grant.token, now_s + TTL_S
                host.life = CameraLife("lobby", f"01{host.name}{grant.token:03}")
        elif what == "renew" and host.token and now_s < host.until_s:
            held = {"lobby": host.token}
            alive = renew(connection, host.name, held, TTL_S, clock=clock)
            host.until_s = now_s + TTL_S if alive else now_s
        elif what == "release" and host.token:
            release(connection, host.name, {"lobby": host.token}, clock=clock)
            host.until_s = now_s
    if host.token and (what == "haunt" or (what == "see" and now_s < host.until_s)):
        host.life.sees(now_s, now_s + 1, make_vote(1))
        event = host.life.intervals[-1]
        host.sent.append(replace(event, token=host.token))


@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=40), order=st.randoms(use_true_random=False))
def test_after_a_handover_only_the_new_host_is_heard_and_before_it_nothing_is_lost(
    shared_database: sa.Engine, steps: list[tuple[str, int]], order: object
) -> None:
    engine, clock = shared_database, Hand()
    with writing(engine) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))
    writer = BatchWriter(engine, "recorder")
    hosts = [Host("a"), Host("b"), Host("c")]
    waiting: list[IntervalEvent] = []
    taken = [0, 0, 0]

    def store(count: int) -> None:
        for place, host in enumerate(hosts):
            waiting.extend(host.sent[taken[place] :])
            taken[place] = len(host.sent)
        order.shuffle(waiting)  # type: ignore[attr-defined]
        batch, waiting[:] = waiting[:count], waiting[count:]
        at_ms = round(after(clock.at_s).timestamp() * 1000)
        ids = [EntryId(stream_key(0), f"{at_ms}-{id(e) % 10**9}") for e in batch]
        writer.write([Delivery(*pair) for pair in zip(ids, batch, strict=True)])

    for what, number in steps:
        if what == "wait":
            clock.at_s += number
        elif what == "record":
            store(number)
        else:
            _act(engine, hosts[number], what, clock)
    store(10_000)
    _check(engine, [event for host in hosts for event in host.sent])


def _check(engine: sa.Engine, sent: list[IntervalEvent]) -> None:
    with reading(engine) as connection:
        grants = connection.execute(sa.select(lease).order_by(lease.c.token)).all()
        stored = {(row.run_id, row.seq) for row in connection.execute(sa.select(interval))}
        dead = {(row.run_id, row.seq) for row in connection.execute(sa.select(dead_letter))}
    for event in sent:
        newer = [one.started_at for one in grants if one.token > event.token]
        is_before = all(event.from_at < started_at for started_at in newer)
        assert ((event.run, event.seq) in stored) == is_before
        assert ((event.run, event.seq) in dead) == (not is_before)
