"""A capture session on files, and the capture worker around it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.config import Fleet
from surveil.domain import CameraState, Frame, Reason
from surveil.sources.capture import CaptureSession
from surveil.sources.clock import RunClock
from surveil.sources.options import SourceOptions
from surveil.sources.probe import probe
from surveil.sources.ring import FrameRing
from surveil.sources.statelog import StateRecord
from surveil.wallclock import WatchedClock
from surveil.workers import capture
from surveil.workers.host.lifeline import LocalLifeline, LocalTelemetry

Make = Callable[..., Any]
DEADLINE_S = 20.0


class ListSink:
    """Keeps everything; sets an event once it has enough frames or a retry was announced."""

    def __init__(self, enough: int = 10**9) -> None:
        self.states: list[StateRecord] = []
        self.frames: list[Frame] = []
        self.steps_s: list[float] = []
        self.captured = 0
        self.decode = 0
        self.has_enough = threading.Event()
        self._enough = enough

    def begin_run(self, run: str, started_at: datetime) -> None:
        pass

    def log_state(self, record: StateRecord) -> None:
        self.states.append(record)

    def opened(self, info: object) -> None:
        pass

    def count(self, *, captured: int = 0, decode: int = 0) -> None:
        self.captured += captured
        self.decode += decode

    def put(self, frame: Frame) -> None:
        self.frames.append(frame)
        if len(self.frames) >= self._enough:
            self.has_enough.set()

    def clock_set(self, step_s: float) -> None:
        self.steps_s.append(step_s)

    def retrying(self, reason: Reason, delay_s: float) -> None:
        self.has_enough.set()

    @property
    def summary(self) -> list[str]:
        return [f"{record.state} {record.reason}" for record in self.states]


def run_session(options: SourceOptions, enough: int = 10**9) -> ListSink:
    """Run a session until it ends, or its sink has enough."""
    sink = ListSink(enough)
    session = CaptureSession(options, sink, stopping=sink.has_enough, beat=lambda allow_s: None)
    session.run()
    return sink


class SteppedSink(ListSink):
    """Sets the clock after some frames, and has enough after some more of another run."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self.step_s = 0.0
        self._to_s = step_s

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.step_s)

    def put(self, frame: Frame) -> None:
        super().put(frame)
        if len(self.frames) == 3:
            self.step_s = self._to_s
        if frame.run != self.frames[0].run and frame.index == 3:
            self.has_enough.set()


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_begins_a_new_run_and_is_told_once(
    tmp_path: Path, video: Make, picture: Make, file_options: Make, step_s: float
) -> None:
    path = video(tmp_path / "a.mp4", [picture(32, 32)] * 25)
    sink = SteppedSink(step_s)
    session = CaptureSession(
        file_options(path, realtime=True, loop=True),
        sink,
        stopping=sink.has_enough,
        beat=lambda allow_s: None,
        wall=WatchedClock(now=sink.now),
    )
    session.run()
    assert [round(step) for step in sink.steps_s] == [round(step_s)]
    assert sink.summary == [
        "connecting none",
        "live none",
        "offline clock-set",
        "live none",
        "stopped shutdown",
    ]
    before, after = ([f for f in sink.frames if f.run == run] for run in run_order(sink))
    assert [frame.index for frame in after] == list(range(1, len(after) + 1))
    # Within a run time goes on evenly, and only between the two it jumps.
    for frames in (before, after):
        passed_s = (frames[-1].captured_at - frames[0].captured_at).total_seconds()
        assert abs(passed_s - (frames[-1].captured_mono_s - frames[0].captured_mono_s)) < 0.01
    jump_s = (after[0].captured_at - before[-1].captured_at).total_seconds()
    assert abs(jump_s - step_s) < 60


def run_order(sink: ListSink) -> list[str]:
    return list(dict.fromkeys(frame.run for frame in sink.frames))


def test_a_file_is_played_once(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "clip.mp4", [picture(48, 64)] * 10)
    sink = run_session(file_options(path))
    assert sink.summary == ["connecting none", "live none", "stopped stream-ended"]
    assert (sink.captured, sink.decode, len(sink.frames)) == (10, 0, 10)
    first, *_, last = sink.frames
    span_s = (last.captured_at - first.captured_at).total_seconds()
    assert span_s == pytest.approx(0.36, abs=1e-5)


def test_a_looped_file_goes_on_in_the_same_run(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "clip.mp4", [picture(48, 64)] * 10)
    sink = run_session(file_options(path, loop=True), enough=25)
    assert sink.summary == ["connecting none", "live none", "stopped shutdown"]
    assert len({frame.run for frame in sink.frames}) == 1
    gaps = [late.captured_at - early.captured_at for early, late in pairwise(sink.frames)]
    assert all(timedelta(seconds=0.039) < gap < timedelta(seconds=0.041) for gap in gaps)


def test_a_file_in_real_time_takes_its_time(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "clip.mp4", [picture(48, 64)] * 10)
    began_s = time.monotonic()
    sink = run_session(file_options(path, realtime=True))
    # Never early: the last of ten pictures is due 0.36 s after the first.
    assert time.monotonic() - began_s >= 0.36
    assert len(sink.frames) == 10


def test_a_file_joined_of_parts_does_not_stand_still(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    parts = [
        video(tmp_path / f"{start}.ts", [picture(48, 64)] * 5, pts=range(start, start + 5))
        for start in (0, 125_000)  # 83 minutes apart
    ]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    sink = run_session(file_options(path, realtime=True))
    assert sink.summary == ["connecting none", "live none", "stopped stream-ended"]
    assert len(sink.frames) == 10


def test_a_missing_file_is_offline_and_retried(tmp_path: Path, file_options: Make) -> None:
    sink = run_session(file_options(tmp_path / "none.mp4"))
    assert sink.summary == ["connecting none", "offline not-found", "stopped shutdown"]


def test_a_file_without_pictures_is_broken(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "clip.mkv", [picture(48, 64)] * 3)
    # Matroska keeps its header; of the pictures nothing is left.
    path.write_bytes(path.read_bytes()[:700])
    sink = run_session(file_options(path))
    assert sink.summary[1] == "offline stream-broken"


def test_another_size_midway_opens_another_run(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    small = video(tmp_path / "small.h264", [picture(48, 64)] * 5).read_bytes()
    large = video(tmp_path / "large.h264", [picture(96, 128)] * 5).read_bytes()
    (tmp_path / "joined.h264").write_bytes(small + large)
    sink = run_session(file_options(tmp_path / "joined.h264"))
    assert sink.summary == [
        "connecting none",
        "live none",
        "offline format-changed",
        "live none",
        "stopped stream-ended",
    ]
    runs = [frame.run for frame in sink.frames]
    assert [record.run for record in sink.states] == [
        runs[0], runs[0], runs[0], runs[-1], runs[-1]
    ]  # fmt: skip
    instants = [frame.captured_at for frame in sink.frames]
    assert all(early < late for early, late in pairwise(instants))
    assert sink.states[3].at >= sink.states[2].at - timedelta(microseconds=10)


def test_a_bug_in_the_decoding_thread_reaches_the_caller(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "clip.mp4", [picture(48, 64)] * 2)

    class BrokenSink(ListSink):
        def put(self, frame: Frame) -> None:
            raise ZeroDivisionError

    session = CaptureSession(
        file_options(path), BrokenSink(), stopping=threading.Event(), beat=lambda allow_s: None
    )
    with pytest.raises(ZeroDivisionError):
        session.run()


def test_probing_a_file(tmp_path: Path, video: Make, picture: Make, file_options: Make) -> None:
    path = video(tmp_path / "clip.mp4", [picture(48, 64)] * 10, rotation=90)
    report = probe(file_options(path, realtime=True, loop=True))
    assert report.is_ok
    assert (report.codec, report.width, report.height) == ("h264", 48, 64)
    assert report.measured_fps == pytest.approx(25)
    assert report.duration_s == pytest.approx(0.4)


def test_probing_what_cannot_be_read(tmp_path: Path, file_options: Make) -> None:
    report = probe(file_options(tmp_path / "none.mp4"))
    assert (report.is_ok, report.reason) == (False, Reason.NOT_FOUND)
    report = probe(SourceOptions(camera="c", url="gopher:x"))
    assert report.reason is Reason.NOT_FOUND


def test_a_decoder_that_does_not_come_back_is_left_behind(
    tmp_path: Path, file_options: Make
) -> None:
    # Opening a pipe that nobody writes to blocks in native code, where no flag is looked at.
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    sink = ListSink()
    stopping = threading.Event()
    beats: list[float] = []
    session = CaptureSession(file_options(pipe), sink, stopping=stopping, beat=beats.append)
    caller = threading.Thread(target=session.run)
    caller.start()
    deadline_s = time.monotonic() + DEADLINE_S
    while not beats:
        assert time.monotonic() < deadline_s
    stopping.set()
    caller.join(DEADLINE_S)
    assert not caller.is_alive()
    assert sink.summary == ["connecting none", "stopped shutdown"]
    with pipe.open("wb"):  # lets the thread go; what it says now is no longer heard
        pass
    while any(thread.name == "decode-clip" for thread in threading.enumerate()):
        assert time.monotonic() < deadline_s
    assert len(sink.states) == 2


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=50))
def test_instants_of_a_run_always_grow(offsets: list[float]) -> None:
    started_at = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
    clock = RunClock(started_at, 1000.0)
    instants = [clock.stamp(1000.0 + offset_s) for offset_s in offsets]
    assert all(early < late for early, late in pairwise([*instants, clock.stamp(0.0)]))
    assert instants[0] >= started_at


def make_fleet(tmp_path: Path, path: Path) -> Fleet:
    return Fleet.model_validate(
        {
            "version": 1,
            "data_dir": str(tmp_path / "var"),
            "cameras": {"clip": {"source": f"file:{path}", "realtime": False, "sample_fps": 25}},
        }
    )


def test_the_worker_fills_the_ring_and_stays_until_told(
    tmp_path: Path, video: Make, picture: Make
) -> None:
    path = video(tmp_path / "clip.mp4", [picture(48, 64)] * 10)
    ring = FrameRing.create(slot_bytes=65536)
    other_end = FrameRing.attach(ring.fd)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    lifeline = LocalLifeline()
    # A dead predecessor left its run open.
    ring.log_state(
        StateRecord(0, "0" * 26, datetime(2026, 1, 1, tzinfo=UTC), CameraState.LIVE, Reason.NONE)
    )
    codes: list[int] = []
    fleet = make_fleet(tmp_path, path)
    worker = threading.Thread(
        target=lambda: codes.append(capture.run(fleet, lifeline, "clip", ring, writing))
    )
    worker.start()
    deadline_s = time.monotonic() + DEADLINE_S
    while len(other_end.states()) < 5:
        assert time.monotonic() < deadline_s
    assert not codes
    lifeline.stopping.set()
    worker.join(DEADLINE_S)
    assert codes == [0]
    assert [f"{record.state} {record.reason}" for record in other_end.states()] == [
        "live none",
        "offline worker-lost",
        "connecting none",
        "live none",
        "stopped stream-ended",
    ]
    tally = other_end.tally()
    assert tally is not None
    assert (tally.captured, tally.sampled, tally.unread) == (10, 10, 10)
    assert os.read(reading, 1) == b"\0"
    assert isinstance(lifeline.telemetry, LocalTelemetry)
    samples = lifeline.telemetry.samples
    assert samples["frames_captured_total", (("camera", "clip"),)] == 10
    assert samples["camera_state", (("camera", "clip"), ("state", "stopped"))] == 1
    assert samples["camera_state", (("camera", "clip"), ("state", "live"))] == 0
    for one in (ring, other_end):
        one.close()
    os.close(reading)
    os.close(writing)


def test_a_picture_larger_than_the_ring_is_refused(
    tmp_path: Path, video: Make, picture: Make
) -> None:
    path = video(tmp_path / "clip.mp4", [picture(480, 640)] * 2)
    ring = FrameRing.create(slot_bytes=65536)
    lifeline = LocalLifeline()
    fleet = make_fleet(tmp_path, path)
    worker = threading.Thread(target=capture.run, args=(fleet, lifeline, "clip", ring, None))
    worker.start()
    deadline_s = time.monotonic() + DEADLINE_S
    while len(ring.states()) < 2:
        assert time.monotonic() < deadline_s
    lifeline.stopping.set()
    worker.join(DEADLINE_S)
    assert ring.states()[1].reason is Reason.FRAME_TOO_LARGE
    ring.close()
