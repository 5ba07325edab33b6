"""The spool of a worker that is gone reaches Redis exactly as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from kit.stream import published
from kit.waiting import until

from surveil.domain import Event
from surveil.errors import InUseError
from surveil.events.adoption import Adopter, spool_path
from surveil.events.codec import decode
from surveil.events.embedded import EmbeddedRedis
from surveil.events.progress import publish_committed
from surveil.events.publisher import Pace
from surveil.events.spool import Spool

RUN = "01JDZZZZZZZZZZZZZZZZZZZZZZ"

WORKER = f"""
import sys, pathlib, time
from datetime import UTC, datetime, timedelta
from surveil.domain import CameraEvent, CameraState, FrameCounts, IntervalEvent, Reason
from surveil.events.spool import Draft, Spool
at = datetime(2025, 1, 1, tzinfo=UTC)
spool = Spool(pathlib.Path(sys.argv[1]))
spool.append([Draft(CameraEvent("lobby", "{RUN}", 0, at, CameraState.LIVE, Reason.NONE))])
for n in range(20):
    start, end = at + timedelta(seconds=n), at + timedelta(seconds=n + 1)
    spool.append([Draft(IntervalEvent("lobby", "{RUN}", 0, start, end, FrameCounts(), (), "m@1"))])
print("spooled", flush=True)
time.sleep(600)
"""


@pytest.fixture
def left(tmp_path: Path) -> list[Event]:
    """What a killed worker named ``inference-2`` has left: its events."""
    path = spool_path(tmp_path, "inference-2")
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "spooled\n"
    worker.kill()
    worker.wait()
    worker.stdout.close()
    spool = Spool(path)
    events = [decode(entry.fields) for entry in spool.pending()]
    spool.close()
    assert len(events) == 21
    return events


@pytest.fixture
def adopter(tmp_path: Path, redis_server: EmbeddedRedis) -> Iterator[Adopter]:
    pace = Pace(idle_s=0.02, progress_every_s=0.02)
    adopter = Adopter(tmp_path, ["inference"], redis_server.url, 1, pace=pace)
    yield adopter
    adopter.stop()


def test_an_orphaned_spool_is_published_as_it_was_and_removed_once_committed(
    tmp_path: Path, left: list[Event], adopter: Adopter, redis_client: redis.Redis
) -> None:
    adopter.start()
    until(lambda: len(published(redis_client)) >= len(left), "the events in Redis")
    assert published(redis_client) == left
    assert spool_path(tmp_path, "inference-2").exists()  # until SQL has all of it
    publish_committed(redis_client, {RUN: len(left)})
    until(lambda: not spool_path(tmp_path, "inference-2").exists(), "its removal")
    assert published(redis_client) == left  # sent once


def test_the_spools_of_living_workers_are_left_alone(
    tmp_path: Path, left: list[Event], adopter: Adopter
) -> None:
    Spool(spool_path(tmp_path, "inference")).close()  # being started again just now
    held = Spool(spool_path(tmp_path, "inference-3"))  # of a process that lives
    names = [path.stem for path in adopter.orphans()]
    assert names == ["inference-2", "inference-3"]
    with pytest.raises(InUseError):
        adopter.adopt(spool_path(tmp_path, "inference-3"))
    held.close()


def test_what_is_not_committed_when_the_adopter_ends_stays(
    tmp_path: Path, left: list[Event], adopter: Adopter, redis_client: redis.Redis
) -> None:
    adopter.start()
    until(lambda: len(published(redis_client)) >= len(left), "the events in Redis")
    adopter.stop()
    spool = Spool(spool_path(tmp_path, "inference-2"))
    assert spool.pending_count == len(left)
    spool.close()
