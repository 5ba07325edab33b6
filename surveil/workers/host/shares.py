"""The processes of some cameras: an inference worker, its captures, and what they share."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from surveil.config import Camera, Fleet
from surveil.live import ReadingsRing
from surveil.policy import LiveView
from surveil.sources.ring import FrameRing, log_loss
from surveil.workers.host.assignments import LogOptions, assign
from surveil.workers.host.lease_board import LeaseBoard
from surveil.workers.host.placement import memory_ceiling
from surveil.workers.host.process import WorkerSpec

PHASE_CAPTURE, PHASE_INFERENCE, PHASE_CONSUMERS = range(3)
DRAIN_PHASE_S = {PHASE_CAPTURE: 2.5, PHASE_INFERENCE: 3.5, PHASE_CONSUMERS: 3.0}
"""Captures end first, so that inference sees every run's end; then the consumers of its events."""


@dataclass(frozen=True)
class Share:
    """What one inference worker has of this host.

    Attributes:
        name: Of the worker, and of its spool where that has no other.
        rings: By camera.
        readings: Of the cameras that may be watched live.
        listen_fd: The end of the doorbell on which its captures ring.
        spools: Of all inference workers here; None where somebody else adopts orphans.
        threads: That its networks may use on a CPU.
        board: The ends of the cameras' leases, where they have any.
        leases: Their tokens.
        host_lost: Cameras whose last host was lost.
        spool: Name of its spool.
    """

    name: str
    rings: Mapping[str, FrameRing]
    listen_fd: int
    spools: Sequence[str] | None
    threads: int
    board: LeaseBoard | None = None
    leases: Mapping[str, int] = field(default_factory=dict)
    host_lost: Sequence[str] = ()
    spool: str | None = None
    readings: Mapping[str, ReadingsRing] = field(default_factory=dict)


@dataclass
class LiveRings:
    """What whoever watches is shown from: the rings of those cameras that may be watched live.

    Inference fills them whether or not somebody watches: it costs 8 microseconds a frame with two
    faces, and the first picture that is shown needs the faces of it to blur them.
    """

    frames: dict[str, FrameRing] = field(default_factory=dict)
    readings: dict[str, ReadingsRing] = field(default_factory=dict)
    fds: list[int] = field(default_factory=list)
    """Descriptors of all of them, as things are: what the dashboard inherits when it starts."""
    changes: int = 0
    """Grows with each camera that comes or goes."""

    def add(self, camera: Camera, ring: FrameRing, stack: ExitStack) -> None:
        """Make a ring of readings for a camera, where it may be watched."""
        if camera.privacy.live_view is not LiveView.OFF:
            self.frames[camera.id] = ring
            self.readings[camera.id] = readings = ReadingsRing.create()
            stack.callback(readings.close)
            self.fds += (ring.fd, readings.fd)
            self.changes += 1
            stack.callback(self.remove, camera.id)

    def remove(self, camera: str) -> None:
        """Show a camera no more; that it is not shown, or is no longer, is no error."""
        if camera in self.frames:
            self.changes += 1
            for fd in (self.frames.pop(camera).fd, self.readings.pop(camera).fd):
                self.fds.remove(fd)

    def descriptors(self) -> dict[str, dict[str, int]]:
        """Return what an assignment says of them."""
        return {
            "rings": {id_: ring.fd for id_, ring in self.frames.items()},
            "readings": {id_: ring.fd for id_, ring in self.readings.items()},
        }


def doorbell(stack: ExitStack) -> tuple[int, int]:
    """Return the two ends of a pipe that nobody waits on, closed with ``stack``."""
    ends = os.pipe()
    for fd in ends:
        os.set_blocking(fd, False)
        stack.callback(os.close, fd)
    return ends


def inference_spec(fleet: Fleet, share: Share, logs: LogOptions) -> WorkerSpec:
    fds = {camera: ring.fd for camera, ring in share.rings.items()}
    readings = {camera: ring.fd for camera, ring in share.readings.items()}
    board = share.board
    spool = share.spool or share.name
    return WorkerSpec(
        name=share.name,
        role="inference",
        assignment=lambda: assign(
            "inference",
            fleet,
            fds,
            logs,
            rings=fds,
            readings=readings,
            doorbell_fd=share.listen_fd,
            spool=spool,
            spools=share.spools,
            threads=share.threads,
            board_fd=board.fd if board else None,
            board=board.cameras if board else (),
            leases=dict(share.leases),
            host_lost=list(share.host_lost),
        ),
        pass_fds=(
            share.listen_fd,
            *fds.values(),
            *readings.values(),
            *([board.fd] if board else []),
        ),
        phase=PHASE_INFERENCE,
        ceiling_bytes=memory_ceiling(fleet),
        analyses=tuple(fds),
    )


def capture_spec(
    fleet: Fleet, camera: Camera, ring: FrameRing, ring_fd: int, logs: LogOptions
) -> WorkerSpec:
    def say_lost() -> None:
        # At once, and not only by the replacement, which the restart budget may delay.
        log_loss(ring, datetime.now(UTC), time.monotonic())
        with contextlib.suppress(BlockingIOError):
            os.write(ring_fd, b"!")

    return WorkerSpec(
        name=f"capture:{camera.id}",
        role="capture",
        assignment=lambda: assign(
            "capture", fleet, [camera.id], logs, rings={camera.id: ring.fd}, doorbell_fd=ring_fd
        ),
        pass_fds=(ring.fd, ring_fd),
        phase=PHASE_CAPTURE,
        on_loss=say_lost,
        camera=camera.id,
        last_state=ring.last_state,
    )


@contextmanager
def shared_ring() -> Iterator[FrameRing]:
    ring = FrameRing.create()
    try:
        yield ring
    finally:
        ring.close()
