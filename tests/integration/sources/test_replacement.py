"""A capture process that dies or hangs, and the one that takes its place."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from kit.waiting import until

from surveil.config import Fleet
from surveil.domain import CameraState
from surveil.simulate.server import RtspServer
from surveil.sources.ring import FrameRing

DEADLINE_S = 30.0

WORKER = """
import sys
from surveil.config import Fleet
from surveil.sources.ring import FrameRing
from surveil.workers import capture
from surveil.workers.host.lifeline import LocalLifeline

fleet = Fleet.from_wire(sys.stdin.read())
ring = FrameRing.attach(int(sys.argv[1]))
capture.run(fleet, LocalLifeline(), "lobby", ring, None)
"""


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    ring = FrameRing.create(slot_bytes=160 * 120 * 3)
    yield ring
    ring.close()


@pytest.fixture
def start(server: RtspServer, ring: FrameRing) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []

    def start(stall_timeout_s: float = 60) -> subprocess.Popen[str]:
        camera = {"source": server.url("lobby"), "stall_timeout_s": stall_timeout_s}
        fleet = Fleet.model_validate({"version": 1, "cameras": {"lobby": camera}})
        command = [sys.executable, "-c", WORKER, str(ring.fd)]
        process = subprocess.Popen(
            command, pass_fds=[ring.fd], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        process.stdin.write(fleet.to_wire())
        process.stdin.close()
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait(DEADLINE_S)
        assert process.stderr is not None
        process.stderr.close()


def take_frames(ring: FrameRing, count: int, run: str | None = None) -> str:
    """Take so many frames of one run (another one than ``run``) and return which it was."""
    taken: dict[str, int] = {}

    def has_enough() -> bool:
        if (frame := ring.take()) is not None and frame.run != run:
            taken[frame.run] = taken.get(frame.run, 0) + 1
        return max(taken.values(), default=0) >= count

    until(has_enough)
    return max(taken, key=lambda name: taken[name])


def summary(ring: FrameRing) -> list[tuple[str, str]]:
    return [(record.state.value, record.reason.value) for record in ring.states()]


def test_a_killed_process_is_spoken_for_by_its_replacement(
    ring: FrameRing, start: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start()
    first = take_frames(ring, 3)
    process.kill()
    process.wait(DEADLINE_S)
    start()
    second = take_frames(ring, 3, run=first)
    assert summary(ring) == [
        ("connecting", "none"),
        ("live", "none"),
        ("offline", "worker-lost"),
        ("connecting", "none"),
        ("live", "none"),
    ]
    assert [record.run for record in ring.states()] == [first] * 3 + [second] * 2
    assert [record.index for record in ring.states()] == [1, 2, 3, 4, 5]
    for run in (first, second):
        tally = ring.tally(run)
        assert tally is not None
        assert tally.sampled == tally.taken + tally.busy + tally.unread


def test_a_hung_process_is_known_to_have_hung(
    ring: FrameRing, start: Callable[..., subprocess.Popen[str]]
) -> None:
    # Short, since a hung process is found out when this and some grace are over.
    process = start(stall_timeout_s=1)
    first = take_frames(ring, 2)
    process.send_signal(signal.SIGSTOP)  # as native code that does not come back
    until(lambda: time.monotonic() > ring.promised_until_mono_s)
    process.kill()
    process.wait(DEADLINE_S)
    start()
    take_frames(ring, 1, run=first)
    ends = [record for record in ring.states() if record.state is CameraState.OFFLINE]
    assert [(end.run, end.reason.value) for end in ends] == [(first, "decoder-hung")]
