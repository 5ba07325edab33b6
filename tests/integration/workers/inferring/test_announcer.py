"""While inference loads, cameras are known, and known to be nobody's concern yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kit.waiting import until
from ulid import ULID

from surveil.domain import CameraEvent, CameraState, Reason
from surveil.events.codec import decode
from surveil.events.spool import Spool
from surveil.policy import INDIVIDUAL
from surveil.sources.ring import FrameRing
from surveil.sources.statelog import StateRecord
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.announcer import Announcer

RUN = str(ULID())


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    ring = FrameRing.create(slot_bytes=300)
    ring.begin_run(RUN, datetime.now(UTC))
    yield ring
    ring.close()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db")
    yield spool
    spool.close()


def log(ring: FrameRing, state: CameraState, reason: Reason = Reason.NONE) -> None:
    ring.log_state(StateRecord(0, RUN, datetime.now(UTC), state, reason))


def announcer(ring: FrameRing, spool: Spool) -> Announcer:
    return Announcer({"lobby": ring}, {"lobby": INDIVIDUAL}, spool, LocalTelemetry(), lambda: None)


def told(spool: Spool) -> list[tuple[CameraState, Reason]]:
    events = [decode(entry.fields) for entry in spool.pending()]
    return [(e.state, e.reason) for e in events if isinstance(e, CameraEvent)]


def test_states_are_told_once_and_say_that_inference_is_starting(
    ring: FrameRing, spool: Spool
) -> None:
    log(ring, CameraState.CONNECTING)
    first = announcer(ring, spool)
    first.tell()
    log(ring, CameraState.LIVE)
    log(ring, CameraState.OFFLINE, Reason.REFUSED)
    first.tell()
    first.tell()
    announcer(ring, spool).tell()  # of a worker that was started again
    assert told(spool) == [
        (CameraState.CONNECTING, Reason.STARTING),
        (CameraState.LIVE, Reason.STARTING),
        (CameraState.OFFLINE, Reason.REFUSED),
    ]
    assert spool.mark(RUN).last_state_index == 3


def test_a_worker_that_is_to_end_while_it_loads_tells_the_last_states_and_leaves(
    ring: FrameRing, spool: Spool
) -> None:
    log(ring, CameraState.LIVE)
    stopping, left = threading.Event(), threading.Event()
    telling = announcer(ring, spool)
    telling.start(stopping, left.set)
    until(lambda: told(spool), "the first state")
    log(ring, CameraState.STOPPED, Reason.SHUTDOWN)
    stopping.set()
    assert left.wait(60.0)
    assert told(spool)[-1] == (CameraState.STOPPED, Reason.SHUTDOWN)
    telling.stop()
