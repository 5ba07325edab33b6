"""What a capture process counts of the frames it hands on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from structlog.testing import capture_logs

from surveil.domain import Frame, Reason
from surveil.sources.ring import FrameRing
from surveil.sources.stream import StreamInfo
from surveil.workers.capture import RingSink
from surveil.workers.host.lifeline import LocalTelemetry

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
RUNS = ("01JD0000000000000000000000", "01JD0000000000000000000001")


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    made = FrameRing.create(slot_bytes=65536)
    yield made
    made.close()


def shoot(sink: RingSink, run: str, indices: range) -> None:
    for index in indices:
        sink.put(Frame("lobby", run, index, AT, 0.0, np.zeros((4, 4, 3), np.uint8)))


def busy(telemetry: LocalTelemetry) -> float:
    labels = (("camera", "lobby"), ("cause", "busy"))
    return telemetry.samples.get(("frames_dropped_total", labels), 0.0)


def busy_in_ring(ring: FrameRing) -> int:
    tallies = [ring.tally(run) for run in RUNS]
    return sum(tally.busy for tally in tallies if tally is not None)


def test_busy_frames_are_counted_once_a_later_one_was_taken(ring: FrameRing) -> None:
    telemetry = LocalTelemetry()
    sink = RingSink("lobby", ring, None, telemetry)
    sink.begin_run(RUNS[0], AT)
    shoot(sink, RUNS[0], range(1, 6))
    assert busy(telemetry) == 0
    ring.take()
    shoot(sink, RUNS[0], range(6, 7))
    assert busy(telemetry) == 4


def test_frames_that_nobody_read_before_their_run_ended_are_counted(ring: FrameRing) -> None:
    telemetry = LocalTelemetry()
    sink = RingSink("lobby", ring, None, telemetry)
    sink.begin_run(RUNS[0], AT)
    shoot(sink, RUNS[0], range(1, 6))
    sink.begin_run(RUNS[1], AT)
    assert ring.take() is not None  # the newest one could still be had
    shoot(sink, RUNS[1], range(1, 2))
    assert busy(telemetry) == busy_in_ring(ring) == 4


def test_a_replaced_capture_counts_each_busy_frame_once(ring: FrameRing) -> None:
    telemetry = LocalTelemetry()
    first = RingSink("lobby", ring, None, telemetry)
    first.begin_run(RUNS[0], AT)
    shoot(first, RUNS[0], range(1, 6))
    ring.take()
    shoot(first, RUNS[0], range(6, 9))  # of these, three are unread when it is killed
    replacement = RingSink("lobby", ring, None, telemetry)
    replacement.begin_run(RUNS[1], AT)
    shoot(replacement, RUNS[1], range(1, 2))
    assert busy(telemetry) == busy_in_ring(ring) == 4 + 3


def test_retries_are_told_once_for_each_reason(ring: FrameRing) -> None:
    telemetry = LocalTelemetry()
    sink = RingSink("lobby", ring, None, telemetry)
    with capture_logs() as lines:
        for reason in (Reason.REFUSED, Reason.REFUSED, Reason.TIMEOUT, Reason.TIMEOUT):
            sink.retrying(reason, 1.0)
        sink.opened(StreamInfo("h264", 4, 4, None, 25.0, None))
        sink.retrying(Reason.TIMEOUT, 1.0)

    told = [line["reason"] for line in lines if line["event"] == "camera.retry"]
    assert told == ["refused", "timeout", "timeout"]
    assert sum(v for (name, _), v in telemetry.samples.items() if name == "reconnects_total") == 5
