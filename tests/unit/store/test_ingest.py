from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from kit.events import START_AT, CameraLife, after, make_vote

from surveil.domain import CameraEvent, CameraState, Emotion, Event, Reason
from surveil.store.engine import reading, writing
from surveil.store.ingest import Written, write_batch
from surveil.store.tables import (
    camera,
    camera_event,
    coverage_1m,
    gap,
    interval,
    model,
    observation,
    run,
    run_range,
    timeline_1h,
    timeline_1m,
    track,
)


def store(database: sa.Engine, events: Iterable[Event]) -> Written:
    with writing(database) as connection:
        return write_batch(connection, events)


def fetch(database: sa.Engine, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    with reading(database) as connection:
        return connection.execute(query).all()


@pytest.fixture
def life() -> CameraLife:
    """A run of twenty seconds with one face, in two minutes and hours."""
    life = CameraLife().says(0, CameraState.CONNECTING).says(0, CameraState.LIVE)
    for second in range(20):
        emotion = Emotion.HAPPY if second < 15 else Emotion.SAD
        life.sees(second, second + 1, make_vote(7, emotion, 0.75))
    return life


def test_a_batch_fills_every_table(database: sa.Engine, life: CameraLife) -> None:
    written = store(database, life)
    assert (written.intervals, written.observations, written.camera_events) == (20, 20, 2)
    assert (written.duplicates, written.refused, written.committed) == (0, {}, {"01A": 22})
    assert fetch(database, sa.select(camera.c.id, camera.c.last_seen_at)) == [("lobby", after(20))]
    assert fetch(database, sa.select(run.c.id, run.c.started_at, run.c.last_seq)) == [
        ("01A", START_AT, 22)
    ]
    assert fetch(database, sa.select(run_range)) == [("01A", 1, 22)]
    assert fetch(database, sa.select(model.c.id, model.c.name, model.c.weights_hash)) == [
        ("emotion-resnet18@9f31c2", "emotion-resnet18", "9f31c2")
    ]
    first = fetch(database, sa.select(interval).order_by(interval.c.seq))[0]
    assert (first.seq, first.from_at, first.to_at, first.faces) == (3, START_AT, after(1), 1)
    assert (first.captured, first.sampled, first.analysed, first.dropped) == (25, 5, 5, 0)
    seen = fetch(database, sa.select(observation).order_by(observation.c.seq))[-1]
    assert (seen.track_id, seen.emotion, seen.confidence, seen.sad) == (7, "sad", 0.75, 0.75)
    assert (seen.x1, seen.y1, seen.x2, seen.y2, seen.face_px) == (0.1, 0.2, 0.3, 0.5, 84)
    states = fetch(database, sa.select(camera_event.c.state).order_by(camera_event.c.seq))
    assert states == [("connecting",), ("live",)]
    face = fetch(database, sa.select(track))[0]
    assert (face.intervals, face.frames, face.emotion) == (20, 100, "happy")
    assert face.happy == pytest.approx((15 * 0.75 + 5 * 0.25 / 6) / 20, abs=1e-6)
    assert fetch(database, sa.select(gap)) == []


def test_rollups_hold_votes_and_sums(database: sa.Engine, life: CameraLife) -> None:
    store(database, life)
    for table in (timeline_1m, timeline_1h):
        rows = fetch(
            database,
            sa.select(table.c.bucket_at, table.c.emotion, table.c.votes, table.c.confidence_sum)
            .where(table.c.votes > 0)
            .order_by(table.c.bucket_at, table.c.emotion),
        )
        first_at = after(-50) if table is timeline_1m else after(-3590)
        assert rows == [
            (first_at, "happy", 10, 7.5),
            (after(10), "happy", 5, 3.75),
            (after(10), "sad", 5, 3.75),
        ]
    covered = fetch(database, sa.select(coverage_1m).order_by(coverage_1m.c.bucket_at))
    assert [(row.intervals, row.faces, row.analysed_s, row.gap_s) for row in covered] == [
        (10, 10, 10.0, 0.0),
        (10, 10, 10.0, 0.0),
    ]


def test_an_interval_over_a_border_gives_each_bucket_its_seconds(database: sa.Engine) -> None:
    store(database, CameraLife().sees(8, 11))
    rows = fetch(database, sa.select(coverage_1m).order_by(coverage_1m.c.bucket_at))
    assert [(row.intervals, row.analysed_s) for row in rows] == [(1, 2.0), (0, 1.0)]


def test_replays_are_counted_and_change_nothing(database: sa.Engine, life: CameraLife) -> None:
    store(database, life)
    before = fetch(database, sa.select(timeline_1m))
    written = store(database, life)
    assert (written.intervals, written.duplicates, written.committed) == (0, 22, {"01A": 22})
    assert fetch(database, sa.select(timeline_1m)) == before


def test_an_identity_is_stored_once_even_under_another_instant_or_type(database: sa.Engine) -> None:
    life = CameraLife().sees(0, 1)
    store(database, life)
    moved = replace(life.intervals[0], from_at=after(86400), to_at=after(86401))
    other = CameraLife().says(5, CameraState.LIVE)
    assert store(database, [moved, *other]).duplicates == 2
    assert fetch(database, sa.select(sa.func.count()).select_from(interval)) == [(1,)]
    assert fetch(database, sa.select(sa.func.count()).select_from(camera_event)) == [(0,)]


def test_a_hole_stops_the_committed_sequence(database: sa.Engine, life: CameraLife) -> None:
    events = list(life)
    held_back = events.pop(9)
    assert store(database, events).committed == {"01A": 9}
    assert fetch(database, sa.select(run.c.last_seq)) == [(22,)]
    assert store(database, [held_back]).committed == {"01A": 22}


def test_what_can_never_be_stored_is_refused_alone(database: sa.Engine, life: CameraLife) -> None:
    vote = make_vote(1)
    [state] = CameraLife(run="01F").says(0, CameraState.LIVE)
    assert isinstance(state, CameraEvent)
    bad: list[Event] = [
        CameraLife(run="01B").sees(5, 5).events[0],
        CameraLife(run="01C").sees(0, 7200).events[0],
        CameraLife(run="01D").sees(0, 1, vote, vote).events[0],
        CameraLife(run="01E").sees(0, 1, replace(vote, confidence=float("nan"))).events[0],
        replace(state, detail="a\0b"),
        CameraLife(camera="door", run="01A").sees(30, 31).events[0],
    ]
    store(database, life)
    written = store(database, [*bad, *CameraLife(run="01G").sees(40, 41)])
    assert written.intervals == 1
    assert sorted(written.refused) == list(range(len(bad)))
    assert all(written.refused.values())


def test_a_run_ends_when_the_next_begins(database: sa.Engine) -> None:
    life = CameraLife().sees(0, 1).says(1.5, CameraState.OFFLINE, Reason.STREAM_BROKEN)
    store(database, life)
    assert fetch(database, sa.select(run.c.ended_at)) == [(None,)]
    store(database, CameraLife(run="01B").sees(9, 10))
    rows = fetch(database, sa.select(run.c.id, run.c.ended_at, run.c.end_reason).order_by(run.c.id))
    assert rows == [("01A", after(1.5), "stream-broken"), ("01B", None, None)]


def test_a_run_ends_when_it_says_stopped(database: sa.Engine) -> None:
    store(database, CameraLife().sees(0, 1).says(1, CameraState.STOPPED, Reason.SHUTDOWN))
    assert fetch(database, sa.select(run.c.ended_at, run.c.end_reason)) == [(after(1), "shutdown")]


def test_a_run_without_a_last_word_lost_its_worker(database: sa.Engine) -> None:
    store(database, CameraLife().says(0, CameraState.LIVE).sees(0, 1).open("01B").sees(9, 10))
    rows = fetch(database, sa.select(run.c.ended_at, run.c.end_reason).order_by(run.c.id))
    assert rows[0] == (after(1), "worker-lost")


def test_nothing_stays_of_a_transaction_that_fails(database: sa.Engine, life: CameraLife) -> None:
    def store_and_fail() -> None:
        with writing(database) as connection:
            write_batch(connection, life)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_and_fail()
    assert fetch(database, sa.select(sa.func.count()).select_from(run)) == [(0,)]
    assert store(database, life).intervals == 20
