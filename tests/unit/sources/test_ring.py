"""The ring of frames: the newest wins, every other one is counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.domain import CameraState, Frame, Reason
from surveil.sources.ring import FrameRing, RingError, log_loss, ring_bell
from surveil.sources.statelog import StateRecord
from surveil.sources.tally import RUNS, RunTally

AT = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
RUN = "01JD0000000000000000000000"
MakeFrame = Callable[..., Frame]


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    """A ring of four slots for pictures of up to 64 KiB."""
    ring = FrameRing.create(slot_bytes=65536)
    yield ring
    ring.close()


@pytest.fixture
def reader(ring: FrameRing) -> Iterator[FrameRing]:
    """The other end, as another process would have it."""
    reader = FrameRing.attach(ring.fd)
    yield reader
    reader.close()


def test_a_frame_arrives_as_it_was_put(
    ring: FrameRing, reader: FrameRing, frame: MakeFrame
) -> None:
    ring.begin_run(RUN, AT)
    sent = frame(1, 7, size=(3, 5))
    sent.image[...] = np.arange(45, dtype=np.uint8).reshape(3, 5, 3)
    ring.put(sent)
    got = reader.take()
    assert got is not None
    assert (got.camera, got.run, got.index) == ("lobby", RUN, 1)
    assert (got.captured_at, got.captured_mono_s) == (sent.captured_at, sent.captured_mono_s)
    assert np.array_equal(got.image, sent.image)
    assert reader.take() is None


def test_a_taken_frame_is_a_copy(ring: FrameRing, reader: FrameRing, frame: MakeFrame) -> None:
    ring.begin_run(RUN, AT)
    ring.put(frame(1, 11))
    got = reader.take()
    for index in range(2, 8):
        ring.put(frame(index, 99))
    assert got is not None
    assert (got.image == 11).all()


def test_looking_changes_no_count_and_takes_nothing_away(
    ring: FrameRing, reader: FrameRing, frame: MakeFrame
) -> None:
    ring.begin_run(RUN, AT)
    ring.put(frame(1, 11))
    ring.put(frame(2, 22))
    before = reader.tally()
    looks = [reader.peek() for _ in range(3)]
    assert [look and (look.camera, look.run, look.index) for look in looks] == [
        ("lobby", RUN, 2)
    ] * 3
    assert reader.tally() == before
    got = reader.take()
    assert got is not None
    assert got.index == 2
    look = reader.peek()
    assert look is not None
    assert (look.image == 22).all()
    assert reader.tally() == RunTally(RUN, 0, 2, 0, taken=1, busy=1, unread=0)


def test_an_empty_ring_has_nothing(reader: FrameRing) -> None:
    assert reader.take() is None
    assert reader.tally() is None
    assert reader.states() == []
    assert reader.peek() is None


def test_the_newest_wins_and_the_rest_is_busy(
    ring: FrameRing, reader: FrameRing, frame: MakeFrame
) -> None:
    ring.begin_run(RUN, AT)
    for index in range(1, 11):
        ring.put(frame(index))
    ring.count(captured=50, decode=2)
    got = reader.take()
    assert got is not None
    assert got.index == 10
    assert reader.tally() == RunTally(RUN, 50, 10, 2, taken=1, busy=9, unread=0)


def test_a_new_run_counts_from_zero_and_settles_the_old_one(
    ring: FrameRing, reader: FrameRing, frame: MakeFrame
) -> None:
    other = RUN[:-1] + "1"
    ring.begin_run(RUN, AT)
    ring.put(frame(1))
    ring.put(frame(2))
    reader.take()
    ring.put(frame(3))
    ring.begin_run(other, AT)
    assert reader.tally() == RunTally(other)
    # What was not read of the old run never will be, unless it is still the newest frame.
    assert reader.tally(RUN) == RunTally(RUN, 0, 3, 0, taken=1, busy=2, unread=0)
    ring.put(frame(1, run=other))
    got = reader.take()
    assert got is not None
    assert (got.run, got.index) == (other, 1)


def test_old_runs_are_forgotten_in_the_end(ring: FrameRing, reader: FrameRing) -> None:
    names = [f"{number:026d}" for number in range(RUNS + 1)]
    for name in names:
        ring.begin_run(name, AT)
    assert reader.tally(names[0]) is None
    assert reader.tally(names[1]) is not None
    assert reader.tally("unknown") is None


def test_a_replaced_writer_goes_on(ring: FrameRing, reader: FrameRing, frame: MakeFrame) -> None:
    ring.begin_run(RUN, AT)
    ring.put(frame(1))
    ring.log_state(StateRecord(0, RUN, AT, CameraState.LIVE, Reason.NONE))
    replacement = FrameRing.attach(ring.fd)
    other = RUN[:-1] + "1"
    replacement.begin_run(other, AT)
    replacement.put(frame(1, 5, run=other))
    replacement.log_state(StateRecord(0, other, AT, CameraState.LIVE, Reason.NONE))
    replacement.close()
    got = reader.take()
    assert got is not None
    assert (got.run, int(got.image.max())) == (other, 5)
    assert [record.index for record in reader.states()] == [1, 2]


def test_a_replaced_reader_goes_on(ring: FrameRing, frame: MakeFrame) -> None:
    ring.begin_run(RUN, AT)
    ring.put(frame(1))
    first = FrameRing.attach(ring.fd)
    first.take()
    first.close()
    second = FrameRing.attach(ring.fd)
    assert second.take() is None
    ring.put(frame(2))
    assert second.take() is not None
    tally = second.tally()
    assert tally is not None
    assert (tally.taken, tally.busy) == (2, 0)
    second.close()


def test_what_does_not_fit_is_refused(ring: FrameRing, frame: MakeFrame) -> None:
    ring.begin_run(RUN, AT)
    with pytest.raises(RingError, match="exceeds"):
        ring.put(frame(1, size=(200, 200)))
    with pytest.raises(RingError, match="not open"):
        ring.put(frame(1, run="another"))
    with pytest.raises(RingError, match="2 slots"):
        FrameRing.create(slots=1)


def test_other_memory_is_refused() -> None:
    for size in (0, 4096, 10**6):
        fd = os.memfd_create("other")
        os.ftruncate(fd, size)
        with pytest.raises(RingError, match="not a frame ring"):
            FrameRing.attach(fd)
        os.close(fd)


def test_the_ring_leaves_no_name_and_uses_only_what_is_touched(frame: MakeFrame) -> None:
    before = set(Path("/dev/shm").iterdir())
    ring = FrameRing.create()  # four 8K pictures would be 400 MB
    ring.begin_run(RUN, AT)
    ring.put(frame(1, size=(1080, 1920)))
    used = os.fstat(ring.fd).st_blocks * 512
    assert 1080 * 1920 * 3 <= used < 1080 * 1920 * 3 + 10**6
    assert set(Path("/dev/shm").iterdir()) == before
    ring.close()


def test_memory_of_larger_pictures_is_given_back(frame: MakeFrame) -> None:
    ring = FrameRing.create(slots=2)
    ring.begin_run(RUN, AT)
    for index in (1, 2):
        ring.put(frame(index, size=(1080, 1920)))
    for index in (3, 4):
        ring.put(frame(index, index, size=(10, 10)))
    assert os.fstat(ring.fd).st_blocks * 512 < 10**6
    got = ring.take()
    assert got is not None
    assert (got.image == 4).all()
    ring.close()


def test_states_are_kept_in_order_and_bounded(ring: FrameRing, reader: FrameRing) -> None:
    records = [
        ring.log_state(
            StateRecord(
                0, RUN, AT + timedelta(seconds=n), CameraState.OFFLINE, Reason.REFUSED, "é" * n
            )
        )
        for n in range(300)
    ]
    assert [record.index for record in records] == list(range(1, 301))
    kept = reader.states()
    assert [record.index for record in kept] == list(range(45, 301))
    assert kept[0] == records[44]  # the detail is short enough here to be kept whole
    assert all(record.detail == "é" * len(record.detail) for record in kept)  # cut between letters
    assert [record.index for record in reader.states(after=298)] == [299, 300]
    assert reader.states(after=300) == []


def test_a_dead_writers_run_is_ended_once(ring: FrameRing) -> None:
    assert log_loss(ring, AT, 5.0) is None  # it never said anything
    ring.log_state(StateRecord(0, RUN, AT, CameraState.LIVE, Reason.NONE))
    ring.promise(100.0)
    earlier = AT - timedelta(seconds=1)
    record = log_loss(ring, earlier, now_mono_s=99.0)
    assert record is not None
    assert (record.run, record.state, record.reason) == (
        RUN,
        CameraState.OFFLINE,
        Reason.WORKER_LOST,
    )
    assert record.at == AT  # time does not run backwards within a run
    assert log_loss(ring, AT, 99.0) is None


def test_a_writer_that_broke_its_promise_was_hung(ring: FrameRing) -> None:
    ring.log_state(StateRecord(0, RUN, AT, CameraState.LIVE, Reason.NONE))
    ring.promise(100.0)
    record = log_loss(ring, AT, now_mono_s=101.0)
    assert record is not None
    assert record.reason is Reason.DECODER_HUNG


def test_the_bell_never_blocks_and_never_fails() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for _ in range(70_000):  # more than a pipe holds
        ring_bell(writing)
    assert os.read(reading, 1) == b"\0"
    os.close(reading)
    ring_bell(writing)
    os.close(writing)
    ring_bell(None)


@given(st.lists(st.sampled_from(["put", "take", "run"]), max_size=60))
def test_counts_always_add_up(steps: list[str]) -> None:
    ring = FrameRing.create(slot_bytes=65536)
    reader = FrameRing.attach(ring.fd)
    runs: dict[str, int] = {}
    taken: dict[str, list[int]] = {}
    run = ""
    try:
        for step in ["run", *steps]:
            if step == "run":
                run = f"{len(runs):026d}"
                runs[run], taken[run] = 0, []
                ring.begin_run(run, AT)
            elif step == "put":
                runs[run] += 1
                image = np.full((2, 2, 3), runs[run] % 256, np.uint8)
                ring.put(Frame("lobby", run, runs[run], AT, 0.0, image))
            elif (got := reader.take()) is not None:
                taken[got.run].append(got.index)
                assert (got.image == got.index % 256).all()
        for name, sampled in list(runs.items())[-RUNS:]:
            tally = reader.tally(name)
            assert tally is not None
            assert tally.sampled == sampled == tally.taken + tally.busy + tally.unread
            assert tally.taken == len(taken[name])
            assert taken[name] == sorted(set(taken[name]))
            if name == run:
                assert tally.unread == sampled - (taken[name][-1] if taken[name] else 0)
    finally:
        ring.close()
        reader.close()
