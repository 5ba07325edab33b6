"""Kill the ring's writer, and its reader, at any instruction: nothing torn, all counted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from surveil.sources.ring import FrameRing

KILLS = 8
DEADLINE_S = 20.0

WRITER = """
import sys
from datetime import UTC, datetime
import numpy as np
from surveil.domain import CameraState, Frame, Reason
from surveil.sources.ring import FrameRing
from surveil.sources.statelog import StateRecord

ring = FrameRing.attach(int(sys.argv[1]))
run = f"{int(sys.argv[2]):026d}"
at = datetime.now(UTC)
ring.begin_run(run, at)
ring.log_state(StateRecord(0, run, at, CameraState.LIVE, Reason.NONE, "x" * 100))
image = np.empty((360, 640, 3), np.uint8)
index = 0
while True:  # killed from outside
    index += 1
    image[...] = index % 251
    ring.put(Frame("lobby", run, index, at, float(index), image))
    ring.count(captured=2)
    if index % 16 == 0:
        ring.log_state(StateRecord(0, run, at, CameraState.LIVE, Reason.NONE, "y" * 100))
"""

READER = """
import sys
from surveil.sources.ring import FrameRing

ring = FrameRing.attach(int(sys.argv[1]))
while True:  # killed from outside
    ring.take()
"""


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    ring = FrameRing.create(slot_bytes=640 * 360 * 3)
    yield ring
    ring.close()


def start(script: str, ring: FrameRing, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", script, str(ring.fd), *arguments]
    return subprocess.Popen(command, pass_fds=[ring.fd])


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    assert process.wait(DEADLINE_S) == -signal.SIGKILL


def test_a_killed_writer_leaves_whole_frames_and_true_counts(ring: FrameRing) -> None:
    dice = np.random.default_rng(3)
    taken_in: dict[str, int] = {}
    last_state = 0
    for number in range(KILLS):
        run = f"{number:026d}"
        writer = start(WRITER, ring, str(number))
        try:
            wanted = int(dice.integers(5, 60))
            deadline_s = time.monotonic() + DEADLINE_S
            while taken_in.get(run, 0) < wanted:
                assert time.monotonic() < deadline_s
                look = ring.peek()
                assert look is None or (look.image == look.index % 251).all(), "a torn look"
                frame = ring.take()
                if frame is not None:
                    taken_in[frame.run] = taken_in.get(frame.run, 0) + 1
                    assert (frame.image == frame.index % 251).all(), "a torn frame"
                    assert frame.captured_mono_s == frame.index
        finally:
            kill(writer)
        frame = ring.take()
        if frame is not None:
            taken_in[frame.run] += 1
            assert (frame.image == frame.index % 251).all(), "a torn frame"
        tally = ring.tally(run)
        assert tally is not None
        assert tally.sampled == tally.taken + tally.busy + tally.unread
        assert tally.taken == taken_in[run]
        # Killed between a put and its count, at most.
        assert tally.captured in (2 * tally.sampled, 2 * tally.sampled - 2)
        states = ring.states()
        assert [record.index for record in states] == list(
            range(states[0].index, states[-1].index + 1)
        )
        assert states[-1].index > last_state
        assert all(set(record.detail) in ({"x"}, {"y"}) for record in states)
        last_state = states[-1].index


def test_a_killed_reader_costs_no_count(ring: FrameRing) -> None:
    writer = start(WRITER, ring, "0")
    try:
        for _ in range(KILLS // 3):
            before = ring.tally()
            reader = start(READER, ring)
            deadline_s = time.monotonic() + DEADLINE_S
            while (tally := ring.tally()) is None or (
                tally.taken < 20 + (before.taken if before else 0)
            ):
                assert time.monotonic() < deadline_s
            kill(reader)
    finally:
        kill(writer)
    tally = ring.tally()
    assert tally is not None
    assert tally.sampled == tally.taken + tally.busy + tally.unread
    assert min(tally.taken, tally.busy, tally.unread) >= 0
