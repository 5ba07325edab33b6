"""An inference loop over a real ring, spool and Redis, with cameras in a test's hands."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import redis
from numpy.typing import NDArray
from ulid import ULID

from kit import stream
from kit.detectors import ByDetecting
from surveil.config import Fleet
from surveil.domain import (
    Box,
    CameraState,
    Detection,
    Event,
    Frame,
    IntervalEvent,
    Reason,
)
from surveil.events.publisher import Publisher
from surveil.events.spool import Spool
from surveil.intervals.smoothing import ScoreSmoother
from surveil.live import ReadingsRing
from surveil.policy import INDIVIDUAL, Policy
from surveil.sources.ring import FrameRing, ring_bell
from surveil.sources.statelog import StateRecord
from surveil.track import Tracker
from surveil.workers.host.lifeline import LocalLifeline, LocalTelemetry
from surveil.workers.inferring.inference import InferenceLoop
from surveil.workers.inferring.pipeline import Pipeline


class OneFace(ByDetecting):
    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        return [
            [Detection(Box(10, 10, 30, 30), 0.99, np.zeros((5, 2), np.float32))] for _ in frames
        ]


class Happy:
    name = "happy@1"

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        scores = np.full((len(crops), 7), 0.02, np.float32)
        scores[:, 3] = 0.88
        return scores


class Camera:
    """Plays the capture process: writes a ring, in simulated steps of real time."""

    def __init__(self, name: str, bell_fd: int) -> None:
        self.name = name
        self.ring = FrameRing.create(slot_bytes=64 * 64 * 3)
        self._bell_fd = bell_fd
        self.run = ""
        self._index = 0

    def state(self, state: CameraState, reason: Reason = Reason.NONE) -> None:
        at = datetime.now(UTC)
        self.ring.log_state(StateRecord(0, self.run, at, state, reason, "detail"))
        ring_bell(self._bell_fd)

    def open(self) -> None:
        self.run, self._index = str(ULID()), 0
        self.ring.begin_run(self.run, datetime.now(UTC))

    def shoot(self, age_s: float = 0.0) -> None:
        self._index += 1
        self.ring.count(captured=5)
        at = datetime.now(UTC) - timedelta(seconds=age_s)
        mono_s = time.monotonic() - age_s
        image = np.zeros((48, 64, 3), np.uint8)
        self.ring.put(Frame(self.name, self.run, self._index, at, mono_s, image))
        ring_bell(self._bell_fd)


class Worker:
    """The inference worker in this process, one step at a time."""

    def __init__(
        self,
        fleet: Fleet,
        cameras: Sequence[Camera],
        bell_fd: int,
        url: str,
        policy: Policy = INDIVIDUAL,
    ) -> None:
        self.lifeline = LocalLifeline()
        pipeline = Pipeline(
            {camera.name: OneFace() for camera in cameras},
            Happy(),
            make_tracker=lambda camera, first_id: Tracker(first_id=first_id),
            make_smoother=lambda: ScoreSmoother(tau_s=0.3, hysteresis=0.2),
            telemetry=self.lifeline.telemetry,
        )
        self.spool = Spool(fleet.data_dir / "spool.db", max_bytes=int(fleet.spool.max_bytes))
        self.publisher = Publisher(self.spool, url, fleet.partitions)
        self.publisher.start()
        rings = {camera.name: camera.ring for camera in cameras}
        self.readings: dict[str, ReadingsRing] = {}  # nobody watches
        self.loop = InferenceLoop(
            *(fleet, self.lifeline, rings, bell_fd, pipeline, self.spool, self.publisher),
            policies=dict.fromkeys(rings, policy),
            readings=self.readings,
        )

        self.loop.resume()

    def work(self, until: Callable[[], bool], each: Callable[[], None] = lambda: None) -> None:
        """Run the loop's own steps until something is true; fails after a minute."""
        deadline = time.monotonic() + 60
        while not until():
            assert time.monotonic() < deadline, "did not come true in time"
            each()
            self.loop.wait()
            self.loop.step()

    def stop(self) -> None:
        self.loop.step(is_last=True)
        self.die()

    def die(self) -> None:
        """End without telling what is left, as kill -9 does."""
        self.publisher.stop(2.0)
        self.spool.close()

    def count(self, name: str, **labels: str) -> float:
        telemetry = self.lifeline.telemetry
        assert isinstance(telemetry, LocalTelemetry)
        return telemetry.samples.get((name, tuple(sorted(labels.items()))), 0.0)


class Rhythm:
    """Lets cameras shoot every so often while the worker works."""

    def __init__(self, *cameras: Camera, period_s: float = 0.05) -> None:
        self._cameras, self._period_s, self._next_s = cameras, period_s, 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + self._period_s
            for camera in self._cameras:
                camera.shoot()


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    cameras = {name: {"source": "usb:0"} for name in ("lobby", "door")}
    return Fleet.model_validate({"data_dir": tmp_path, "interval_s": 0.2, "cameras": cameras})


@pytest.fixture
def bell() -> Iterator[tuple[int, int]]:
    read_fd, write_fd = os.pipe()
    for fd in (read_fd, write_fd):
        os.set_blocking(fd, False)
    yield read_fd, write_fd
    os.close(read_fd)
    os.close(write_fd)


@pytest.fixture
def lobby(bell: tuple[int, int]) -> Iterator[Camera]:
    camera = Camera("lobby", bell[1])
    yield camera
    camera.ring.close()


@pytest.fixture
def door(bell: tuple[int, int]) -> Iterator[Camera]:
    camera = Camera("door", bell[1])
    yield camera
    camera.ring.close()


def published(client: redis.Redis) -> list[Event]:
    """Return what is in the stream, each event once: publishing twice is allowed."""
    sent = stream.published(client)
    return list({(event.run, event.seq): event for event in sent}.values())


def go_live(camera: Camera) -> None:
    camera.open()
    camera.state(CameraState.CONNECTING)
    camera.state(CameraState.LIVE)


def intervals(events: Sequence[Event], run: str) -> list[IntervalEvent]:
    return [e for e in events if isinstance(e, IntervalEvent) and e.run == run]


def check_runs(events: Sequence[Event]) -> None:
    """Sequence without a hole, and intervals that never overlap, for every run."""
    for run in {e.run for e in events}:
        seqs = [e.seq for e in events if e.run == run]
        assert seqs == list(range(1, len(seqs) + 1))
        told = intervals(events, run)
        assert all(a.to_at <= b.from_at for a, b in pairwise(told))
        for event in told:
            counts = event.frames
            assert counts.sampled == counts.analysed + counts.stale + counts.busy
