"""What a capture process counts of the frames it hands on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from surveil.domain import Frame
from surveil.sources.ring import FrameRing
from surveil.workers.capture import RingSink
from surveil.workers.host.lifeline import LocalTelemetry

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
RUNS = ("01JD0000000000000000000000", "01JD0000000000000000000001")


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    made = FrameRing.create(slot_bytes=65536)
    yield made
    made.close()


def shoot(sink: RingSink, run: str, count: int) -> None:
    sink.begin_run(run, AT)
    for index in range(1, count + 1):
        sink.put(Frame("lobby", run, index, AT, 0.0, np.zeros((4, 4, 3), np.uint8)))


def busy(telemetry: LocalTelemetry) -> float:
    labels = (("camera", "lobby"), ("cause", "busy"))
    return telemetry.samples.get(("frames_dropped_total", labels), 0.0)


def test_a_replaced_capture_counts_no_busy_frame_twice(ring: FrameRing) -> None:
    telemetry = LocalTelemetry()
    shoot(RingSink("lobby", ring, None, telemetry), RUNS[0], 5)
    ring.take()
    tally = ring.tally()
    assert tally is not None
    assert tally.busy == 4
    first = RingSink("lobby", ring, None, telemetry)
    counted = busy(telemetry)
    first.begin_run(RUNS[1], AT)
    assert busy(telemetry) == counted


def test_busy_frames_are_counted_once_a_later_one_was_taken(ring: FrameRing) -> None:
    telemetry = LocalTelemetry()
    sink = RingSink("lobby", ring, None, telemetry)
    shoot(sink, RUNS[0], 5)
    ring.take()
    shoot(sink, RUNS[1], 3)
    ring.take()
    sink.put(Frame("lobby", RUNS[1], 4, AT, 0.0, np.zeros((4, 4, 3), np.uint8)))
    assert busy(telemetry) == 4 + 2
