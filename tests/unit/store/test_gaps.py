from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from kit.events import START_AT, CameraLife, after

from surveil.domain import CameraState, Event, Reason
from surveil.store.engine import reading, writing
from surveil.store.gaps import StateChange, derive_gaps
from surveil.store.ingest import write_batch
from surveil.store.integrity import CHECKS
from surveil.store.tables import coverage_1m, gap

LIVE, OFFLINE, CONNECTING = CameraState.LIVE, CameraState.OFFLINE, CameraState.CONNECTING
STOPPED = CameraState.STOPPED


GapsOf = Callable[[Iterable[Event]], list[tuple[float, float, str]]]


@pytest.fixture
def gaps_of(sqlite_database: sa.Engine) -> GapsOf:
    """Store events one by one and return the gaps as (from_s, to_s, reason)."""

    def store(events: Iterable[Event]) -> list[tuple[float, float, str]]:
        for event in events:
            with writing(sqlite_database) as connection:
                write_batch(connection, [event])
        with reading(sqlite_database) as connection:
            found = connection.execute(sa.select(gap).order_by(gap.c.from_at)).all()
        start_at = after(0)
        return [
            ((g.from_at - start_at).total_seconds(), (g.to_at - start_at).total_seconds(), g.reason)
            for g in found
        ]

    return store


def test_intervals_without_a_hole_leave_no_gap(gaps_of: GapsOf) -> None:
    assert gaps_of(CameraLife().says(0, LIVE).sees(0, 1).sees(1, 2).sees(2, 3)) == []


def test_each_trouble_of_a_hole_lasts_until_the_next(gaps_of: GapsOf) -> None:
    life = CameraLife().says(0, LIVE).sees(0, 1).says(1.2, OFFLINE, Reason.STREAM_BROKEN)
    life.says(2, CONNECTING).says(4, OFFLINE, Reason.REFUSED).says(5, CONNECTING)
    life.open("01B").says(8, LIVE).sees(8, 9)
    assert gaps_of(life) == [(1, 4, "stream-broken"), (4, 8, "refused")]


def test_a_camera_that_was_away_was_not_stopped_all_the_time(gaps_of: GapsOf) -> None:
    life = CameraLife().says(0, LIVE).sees(0, 1).says(1.2, OFFLINE, Reason.REFUSED)
    life.says(300, STOPPED, Reason.SHUTDOWN)
    assert gaps_of(life) == [(1, 300, "refused")]


def test_a_camera_that_was_live_is_stopped_from_its_last_picture_on(gaps_of: GapsOf) -> None:
    life = CameraLife().says(0, LIVE).sees(0, 1).says(1.2, STOPPED, Reason.SHUTDOWN)
    assert gaps_of(life) == [(1, 1.2, "shutdown")]


def test_an_offline_camera_is_a_gap_that_grows(gaps_of: GapsOf) -> None:
    life = CameraLife().says(0, LIVE).sees(0, 1).says(1.2, OFFLINE, Reason.TIMEOUT)
    assert gaps_of(life) == [(1, 1.2, "timeout")]
    life.says(30, CONNECTING)
    assert gaps_of(life) == [(1, 30, "timeout")]


def test_a_hole_of_a_live_camera_means_a_lost_worker(gaps_of: GapsOf) -> None:
    assert gaps_of(CameraLife().says(0, LIVE).sees(0, 1).sees(5, 6)) == [(1, 5, "worker-lost")]


def test_the_time_until_the_first_picture_is_a_gap(gaps_of: GapsOf) -> None:
    assert gaps_of(CameraLife().says(0, CONNECTING).says(3, LIVE).sees(3, 4)) == [
        (0, 3, "connecting")
    ]


def test_intervals_without_an_analysed_frame_are_gaps_by_what_was_dropped(
    gaps_of: GapsOf, sqlite_database: sa.Engine
) -> None:
    life = CameraLife().says(0, LIVE).sees(0, 1)
    life.sees(1, 2, analysed=0, busy=4, stale=1).sees(2, 3, analysed=0, busy=5)
    life.sees(3, 4, analysed=0, stale=2).sees(4, 5, analysed=0).sees(5, 6)
    assert gaps_of(life) == [(1, 3, "busy"), (3, 4, "stale"), (4, 5, "no-frames")]
    with reading(sqlite_database) as connection:
        assert connection.scalars(sa.select(gap.c.frames_lost).order_by(gap.c.from_at)).all() == [
            10,
            2,
            0,
        ]


def test_a_stall_is_named_by_its_state(gaps_of: GapsOf) -> None:
    life = CameraLife().says(0, LIVE).sees(0, 1).sees(1, 2, analysed=0)
    life.says(2, CameraState.STALLED, Reason.TIMEOUT).sees(2, 3, analysed=0).sees(3, 4)
    assert gaps_of(life) == [(1, 2, "no-frames"), (2, 3, "stalled")]


def test_a_late_interval_divides_a_gap(gaps_of: GapsOf) -> None:
    early, middle, late = CameraLife().sees(0, 1).sees(4, 5).sees(9, 10)
    assert gaps_of([early, late]) == [(1, 9, "worker-lost")]
    assert gaps_of([middle]) == [(1, 4, "worker-lost"), (5, 9, "worker-lost")]


def test_gaps_are_part_of_coverage_and_leave_it_again(
    gaps_of: GapsOf, sqlite_database: sa.Engine
) -> None:
    life = CameraLife().sees(0, 1).sees(1, 200).sees(200, 201)
    gaps_of([life.events[0], life.events[2]])
    query = sa.select(coverage_1m).order_by(coverage_1m.c.bucket_at)
    with reading(sqlite_database) as connection:
        rows = connection.execute(query).all()
    assert [(r.analysed_s, r.gap_s, r.reason) for r in rows] == [
        (1, 9, "worker-lost"),
        (1, 10, "worker-lost"),
    ]
    gaps_of([life.events[1]])
    with reading(sqlite_database) as connection:
        rows = connection.execute(query).all()
    assert [(r.analysed_s, r.gap_s, r.reason) for r in rows] == [
        (10, 0, None),
        (60, 0, None),
        (60, 0, None),
        (60, 0, None),
        (11, 0, None),
    ]


@pytest.mark.parametrize("state", [CONNECTING, LIVE])
def test_the_time_until_inference_is_ready_is_not_the_cameras_fault(
    gaps_of: GapsOf, state: CameraState
) -> None:
    life = CameraLife().says(0, CONNECTING, Reason.STARTING)
    if state is LIVE:
        life.says(1, LIVE, Reason.STARTING)
    assert gaps_of(life.says(9, LIVE).sees(9, 10)) == [(0, 9, "starting")]


@pytest.mark.parametrize(("ends", "reason"), [(True, "shutdown"), (False, "worker-lost")])
def test_what_was_stopped_for_an_hour_did_not_take_an_hour_to_start(
    gaps_of: GapsOf, ends: bool, reason: str
) -> None:
    life = CameraLife().says(0, LIVE).sees(0, 1)
    if ends:
        life.says(1, CameraState.STOPPED, Reason.SHUTDOWN)
    life.open("01B").says(3600, CONNECTING, Reason.STARTING).says(3601, LIVE, Reason.STARTING)
    assert gaps_of(life.sees(3605, 3606)) == [(1, 3600, reason), (3600, 3605, "starting")]


def test_changes_without_end_are_no_burden() -> None:
    changes = [
        StateChange(START_AT + timedelta(seconds=i), state.value, reason)
        for i in range(0, 4_000, 2)
        for state, reason in ((CONNECTING, "none"), (OFFLINE, ("refused", "timeout")[i // 2 % 2]))
    ]
    gaps = derive_gaps([], changes, START_AT, START_AT + timedelta(hours=2))
    assert len(gaps) == 2000
    assert (gaps[0].from_at, gaps[-1].to_at) == (START_AT, START_AT + timedelta(hours=2))


def test_what_a_camera_did_while_inference_was_starting_is_not_hidden(gaps_of: GapsOf) -> None:
    life = CameraLife().says(0, CONNECTING, Reason.STARTING).says(1, OFFLINE, Reason.REFUSED)
    assert gaps_of(life.says(9, LIVE).sees(9, 10)) == [(0, 9, "refused")]


def test_intervals_within_a_gap_have_their_buckets_marked(
    gaps_of: GapsOf, sqlite_database: sa.Engine
) -> None:
    life = CameraLife().sees(0, 1).says(2, OFFLINE, Reason.TIMEOUT)
    life.sees(100, 101, analysed=0).open("01B").sees(600, 601)
    gaps_of([life.events[0], life.events[1], life.events[3], life.events[2]])
    query = sa.select(coverage_1m).where(coverage_1m.c.intervals > 0)
    with reading(sqlite_database) as connection:
        rows = connection.execute(query.order_by(coverage_1m.c.bucket_at)).all()
        assert [f for check in CHECKS for f in check(connection)] == []
    assert [(r.intervals, r.analysed_s, r.gap_s, r.reason) for r in rows] == [
        (1, 1, 9, "timeout"),
        (1, 0, 60, "timeout"),
        (1, 1, 50, "timeout"),
    ]
