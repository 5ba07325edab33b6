"""One camera's timeline: frames and states to events, over a real spool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Detection,
    Event,
    Frame,
    IntervalEvent,
    Reason,
)
from surveil.events.spool import Draft, Spool
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.policy import INDIVIDUAL
from surveil.sources.statelog import StateRecord
from surveil.sources.tally import RunTally
from surveil.workers.inferring.camera_runs import Now, Timeline

START_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
START_MONO_S = 5000.0
CONNECTING, LIVE, OFFLINE, STOPPED = (
    CameraState.CONNECTING,
    CameraState.LIVE,
    CameraState.OFFLINE,
    CameraState.STOPPED,
)
# Fixed, as they stand in the names of tests, which workers of one test run must agree on.
A, B = "01HF7YAT00AAAAAAAAAAAAAAAA", "01HF7YATZ8BBBBBBBBBBBBBBBB"


def after(seconds: float) -> datetime:
    return START_AT + timedelta(seconds=seconds)


def now(seconds: float, clock_error_s: float = 0.0) -> Now:
    return Now(after(seconds + clock_error_s), START_MONO_S + seconds)


def frame(index: int, at_s: float, run: str = A) -> Frame:
    image = np.zeros((48, 64, 3), np.uint8)
    return Frame("lobby", run, index, after(at_s), START_MONO_S + at_s, image)


def face(track_id: int) -> FaceReading:
    detection = Detection(Box(10, 10, 30, 30), 0.99, np.zeros((5, 2), np.float32))
    return FaceReading(track_id, detection, (0.0,) * 3 + (1.0,) + (0.0,) * 3, EMOTIONS[3])


class Log:
    """The ring's log of states, which counts them."""

    def __init__(self) -> None:
        self.records: list[StateRecord] = []

    def say(self, *states: CameraState, run: str = A, at_s: float = 0.0) -> list[StateRecord]:
        first = len(self.records) + 1
        new = [
            StateRecord(first + i, run, after(at_s), state, Reason.NONE)
            for i, state in enumerate(states)
        ]
        self.records += new
        return new


class Keeper:
    """Notes which runs are open, and with which first track id."""

    def __init__(self) -> None:
        self.runs: dict[str, int] = {}

    def open_run(self, camera: str, run: str, first_track_id: int = 1) -> None:
        self.runs[run] = first_track_id

    def end_run(self, camera: str, run: str) -> None:
        del self.runs[run]


class Worker:
    """A timeline and the spool that it writes to."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.keeper = Keeper()
        self.tallies: dict[str, RunTally] = {}
        self.timeline = Timeline(
            "lobby",
            interval_s=1.0,
            grace_s=0.5,
            hysteresis=0.2,
            policy=INDIVIDUAL,
            model="happy@1",
            mark=spool.mark,
            tally=self.tallies.get,
            keeper=self.keeper,
        )

    def spooled(self, drafts: Sequence[Draft]) -> list[Event]:
        return list(self.spool.append(drafts).events)

    def analyse(self, *frames: Frame, track_id: int = 1) -> list[bool]:
        admitted = []
        for each in frames:
            admitted.append(self.timeline.admit(each))
            if admitted[-1]:
                self.timeline.add(FrameReading(each, (face(track_id),)))
        return admitted


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db")
    yield made
    made.close()


@pytest.fixture
def worker(spool: Spool) -> Worker:
    return Worker(spool)


@pytest.fixture
def log() -> Log:
    return Log()


def states(events: Sequence[Event]) -> list[CameraState]:
    return [event.state for event in events if isinstance(event, CameraEvent)]


def intervals(events: Sequence[Event]) -> list[IntervalEvent]:
    return [event for event in events if isinstance(event, IntervalEvent)]


def test_connecting_after_a_frame_does_not_end_the_run(worker: Worker, log: Log) -> None:
    worker.timeline.resume([], now(0))
    assert worker.analyse(frame(1, 0.1)) == [True]
    worker.timeline.apply(log.say(CONNECTING, LIVE))
    assert worker.analyse(frame(2, 0.3), frame(3, 0.5)) == [True, True]
    [told] = worker.spooled(worker.timeline.tick(now(2.0)))
    assert isinstance(told, IntervalEvent)
    assert told.frames.analysed == 3


def test_states_of_a_run_are_told_before_its_frames(worker: Worker, log: Log) -> None:
    events = worker.spooled(worker.timeline.resume([], now(0)))
    news = log.say(CONNECTING, LIVE)
    first = frame(1, 0.1)
    count = worker.timeline.count_before(news, first)
    assert count == 2
    events += worker.spooled(worker.timeline.apply(news[:count]))
    worker.analyse(first)
    events += worker.spooled(worker.timeline.tick(now(2.0)))
    assert states(events) == [CONNECTING, LIVE]
    assert isinstance(events[2], IntervalEvent)
    assert [event.seq for event in events] == [1, 2, 3]
    assert intervals(events)[0].from_at == after(0)  # from "live" on, not from the first frame


@pytest.mark.parametrize(
    ("known", "news", "of_run", "count"),
    [
        ((), (CONNECTING, OFFLINE, LIVE), A, 3),  # it had to try twice: all before the frame
        ((CONNECTING, LIVE), (OFFLINE,), A, 0),
        ((CONNECTING,), (LIVE, CameraState.STALLED, LIVE, STOPPED), A, 3),
        ((CONNECTING, LIVE), (OFFLINE,), B, 1),  # the end of another run is of before
    ],
)
def test_what_ends_a_frames_run_comes_after_the_frame(
    worker: Worker,
    log: Log,
    known: tuple[CameraState, ...],
    news: tuple[CameraState, ...],
    of_run: str,
    count: int,
) -> None:
    worker.timeline.resume(log.say(*known), now(0))
    assert worker.timeline.count_before(log.say(*news), frame(1, 0.1, of_run)) == count


def test_frame_of_a_run_that_is_over_is_refused_and_told_as_busy(worker: Worker, log: Log) -> None:
    worker.timeline.resume(log.say(CONNECTING, LIVE), now(0))
    worker.analyse(frame(1, 0.1))
    worker.tallies[A] = RunTally(A, captured=10, sampled=2, taken=1, unread=1)
    events = worker.spooled(worker.timeline.apply(log.say(OFFLINE, at_s=0.5)))
    assert worker.analyse(frame(2, 0.3)) == [False]
    [told] = intervals(events)
    assert (told.frames.sampled, told.frames.analysed, told.frames.busy) == (2, 1, 1)
    assert worker.keeper.runs == {}


def test_another_run_ends_the_one_before(worker: Worker, log: Log) -> None:
    events = worker.spooled(worker.timeline.resume(log.say(CONNECTING, LIVE), now(0)))
    worker.analyse(frame(1, 0.1))
    events += worker.spooled(worker.timeline.apply(log.say(LIVE, run=B, at_s=0.7)))
    assert worker.analyse(frame(2, 0.3), frame(1, 0.8, B)) == [False, True]
    events += worker.spooled(worker.timeline.stop(now(1.0)))
    assert [(e.run, e.to_at) for e in intervals(events)] == [(A, after(0.7)), (B, after(1.0))]


def test_camera_that_never_got_a_picture_has_no_intervals(worker: Worker, log: Log) -> None:
    events = worker.spooled(worker.timeline.resume(log.say(CONNECTING, OFFLINE), now(0)))
    events += worker.spooled(worker.timeline.tick(now(10)))
    assert states(events) == [CONNECTING, OFFLINE]
    assert not worker.timeline.is_live
    assert intervals(events) == []


def test_replaced_worker_goes_on_in_the_run_without_a_hole_in_seq(spool: Spool, log: Log) -> None:
    first = Worker(spool)
    events = first.spooled(first.timeline.resume(log.say(CONNECTING, LIVE), now(0)))
    first.analyse(*(frame(i, i * 0.2) for i in range(1, 6)), track_id=4)
    events += first.spooled(first.timeline.tick(now(2.0)))
    second = Worker(spool)
    log.say(CameraState.STALLED, LIVE, at_s=2.5)
    events += second.spooled(second.timeline.resume(log.records, now(3.2)))
    assert second.keeper.runs == {A: 5}
    second.analyse(frame(17, 3.4))
    events += second.spooled(second.timeline.stop(now(3.6)))
    assert states(events) == [CONNECTING, LIVE, CameraState.STALLED, LIVE]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    told = intervals(events)
    assert all(a.to_at <= b.from_at for a, b in pairwise(told))
    assert told[-1].from_at == after(3.2)
    assert told[-1].frames.sampled == 1  # those that nobody could take are a hole


def test_replaced_worker_refuses_frames_of_a_run_whose_end_was_told(spool: Spool, log: Log) -> None:
    first = Worker(spool)
    first.spooled(first.timeline.resume(log.say(CONNECTING, LIVE, OFFLINE), now(0)))
    second = Worker(spool)
    second.timeline.resume(log.records, now(1))
    assert second.analyse(frame(3, 0.9)) == [False]
    assert second.keeper.runs == {}


def test_replaced_worker_takes_frames_of_a_run_that_had_to_be_tried_again(
    spool: Spool, log: Log
) -> None:
    first = Worker(spool)
    first.spooled(first.timeline.resume(log.say(CONNECTING, OFFLINE), now(0)))
    second = Worker(spool)
    second.timeline.resume(log.records, now(1))
    assert second.analyse(frame(1, 1.0)) == [True]


def test_records_overwritten_unread_are_counted(worker: Worker, log: Log) -> None:
    worker.timeline.resume(log.say(CONNECTING), now(0))
    log.say(LIVE, CameraState.STALLED)
    worker.timeline.apply(log.say(LIVE))
    assert worker.timeline.take_lost() == 2
    assert worker.timeline.take_lost() == 0


@pytest.mark.parametrize("clock_error_s", [-3600.0, 3600.0])
def test_a_step_of_the_clock_moves_no_interval_of_a_run_with_frames(
    worker: Worker, log: Log, clock_error_s: float
) -> None:
    worker.timeline.resume(log.say(CONNECTING, LIVE), now(0))
    worker.analyse(frame(1, 0.1))
    told = intervals(worker.spooled(worker.timeline.tick(now(2.6, clock_error_s))))
    assert [(e.from_at, e.to_at) for e in told] == [
        (after(0), after(1)),
        (after(1), after(2)),
    ]


def test_a_new_run_after_the_clock_was_set_back_is_told_by_its_own_clock(
    worker: Worker, log: Log
) -> None:
    worker.timeline.resume(log.say(CONNECTING, LIVE), now(0))
    worker.analyse(frame(1, 99.9))
    worker.timeline.apply(log.say(OFFLINE, at_s=100))
    # 30 s back: the next run begins where the last one was 30 s ago.
    events = worker.spooled(worker.timeline.apply(log.say(LIVE, run=B, at_s=70.1)))
    events += worker.spooled(worker.timeline.tick(now(100.2, -30)))
    at = frame(1, 70.3, B)
    late = Frame("lobby", B, 1, at.captured_at, START_MONO_S + 100.3, at.image)
    assert worker.analyse(late) == [True]
    events += worker.spooled(worker.timeline.tick(now(102, -30)))
    told = [event for event in intervals(events) if event.run == B]
    assert [(e.to_at, e.frames.analysed, e.frames.stale) for e in told] == [(after(71), 1, 0)]


def test_camera_that_is_live_without_frames_is_told_by_the_wall_clock(
    worker: Worker, log: Log
) -> None:
    worker.timeline.resume(log.say(CONNECTING, LIVE), now(0))
    told = intervals(worker.spooled(worker.timeline.tick(now(3.6))))
    assert [e.to_at for e in told] == [after(1), after(2), after(3)]
    assert all(e.frames.sampled == 0 for e in told)
