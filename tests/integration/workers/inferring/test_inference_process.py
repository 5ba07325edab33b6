"""The inference worker as the supervisor runs it, with the real networks and a tiny model."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
import torch
from kit.models import write_small_model
from kit.stream import published
from ulid import ULID

from surveil.config import Fleet
from surveil.domain import CameraState, Frame, IntervalEvent, Reason
from surveil.errors import ModelError
from surveil.events.connection import connect
from surveil.events.embedded import EmbeddedRedis
from surveil.sources.files import read_file
from surveil.sources.options import SourceOptions
from surveil.sources.ring import FrameRing, ring_bell
from surveil.sources.statelog import StateRecord
from surveil.workers.host.lifeline import LocalLifeline
from surveil.workers.inferring import worker as worker_of_inference

SPOOLS: dict[str, Any] = {"spool": "inference", "owned": ["inference"], "threads": 1}
CLIP = Path(__file__).resolve().parents[4] / "surveil" / "simulate" / "media" / "lounge.mp4"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.set_num_threads(1)
    return write_small_model(tmp_path / "emotion-test")


def play(ring: FrameRing, bell_fd: int, stopping: threading.Event) -> None:
    """Be the capture process: the clip at 10 pictures a second, over and over, in one run."""
    run, index = str(ULID()), 0
    options = SourceOptions(camera="lobby", url=f"file:{CLIP}", sample_fps=10)
    frames = [frame for frame, _ in zip(read_file(options), range(40), strict=False)]
    clock = datetime.now(UTC)
    ring.begin_run(run, clock)
    ring.log_state(StateRecord(0, run, clock, CameraState.LIVE, Reason.NONE))
    while not stopping.wait(0.1):
        image = frames[index % len(frames)].image
        index += 1
        ring.count(captured=3)
        now = datetime.now(UTC)
        ring.put(Frame("lobby", run, index, now, time.monotonic(), image))
        ring_bell(bell_fd)
    now = datetime.now(UTC)
    ring.log_state(StateRecord(0, run, now, CameraState.STOPPED, Reason.SHUTDOWN))
    ring_bell(bell_fd)


@pytest.mark.timeout(300)
def test_faces_reach_the_stream(
    tmp_path: Path, model: Path, own_redis_server: EmbeddedRedis
) -> None:
    fleet = Fleet.model_validate(
        {
            "data_dir": tmp_path,
            "model": str(model),
            "cameras": {"lobby": {"source": "usb:0", "min_face_px": 60}},
        }
    )
    ring = FrameRing.create(slot_bytes=1280 * 720 * 3)
    read_fd, write_fd = os.pipe()
    os.set_blocking(read_fd, False)
    os.set_blocking(write_fd, False)
    lifeline, unplug = LocalLifeline(), threading.Event()
    camera = threading.Thread(target=play, args=(ring, write_fd, unplug))
    worker = threading.Thread(
        target=worker_of_inference.run,
        args=(fleet, lifeline, {"lobby": ring}, read_fd, {}),
        kwargs=SPOOLS,
    )
    camera.start()
    worker.start()
    with connect(own_redis_server.url) as client:
        deadline = time.monotonic() + 240
        while not any(event.tracks for event in intervals(client)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        unplug.set()
        camera.join()
        lifeline.stopping.set()
        worker.join(10)
        assert not worker.is_alive()
        sent = published(client)
    # Nobody commits here, so what was told while the networks loaded may be sent again.
    events = list({(event.run, event.seq): event for event in sent}.values())
    assert lifeline.is_ready
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    tally = ring.tally()
    assert tally is not None
    told = [event for event in events if isinstance(event, IntervalEvent)]
    assert sum(event.frames.sampled for event in told) == tally.sampled
    os.close(read_fd)
    os.close(write_fd)
    ring.close()


def intervals(client: redis.Redis) -> list[IntervalEvent]:
    return [event for event in published(client) if isinstance(event, IntervalEvent)]


def test_missing_model_is_fatal_and_lets_go_of_the_spool(
    tmp_path: Path, own_redis_server: EmbeddedRedis
) -> None:
    fleet = Fleet.model_validate(
        {"data_dir": tmp_path, "model": "no-such", "cameras": {"lobby": {"source": "usb:0"}}}
    )
    for _ in range(2):
        with pytest.raises(ModelError, match="no-such"):
            worker_of_inference.run(fleet, LocalLifeline(), {}, None, {}, **SPOOLS)
