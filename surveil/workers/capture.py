"""The capture process of one camera: a :class:`CaptureSession` that fills the camera's ring.

Native decoders hang and crash. Everything that matters outlives the process in the ring, which the
supervisor holds: the replacement says in the dead one's place how its run ended, and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from surveil.config import Fleet
from surveil.domain import CameraState, Frame, Reason
from surveil.logs import get_logger
from surveil.reminders import Reminder
from surveil.sources.capture import CaptureSession
from surveil.sources.ceiling import MemoryCeiling
from surveil.sources.ring import FrameRing, log_loss, ring_bell
from surveil.sources.statelog import StateRecord
from surveil.sources.stream import StreamInfo
from surveil.workers.host.lifeline import Lifeline, Telemetry
from surveil.workers.host.wiring import source_options

_IDLE_S = 1.0
_WARNED = (CameraState.STALLED, CameraState.FROZEN, CameraState.OFFLINE)


class RingSink:
    """Hands what a session has to the ring, and tells metrics, the log and the reader of it."""

    def __init__(
        self, camera: str, ring: FrameRing, doorbell_fd: int | None, telemetry: Telemetry
    ) -> None:
        self._camera = camera
        self._ring = ring
        self._doorbell_fd = doorbell_fd
        self._telemetry = telemetry
        before = ring.tally()  # of a writer that this one replaces, and that has counted them
        self._run = before.run if before is not None else ""
        self._busy = before.busy if before is not None else 0
        self._settling: tuple[str, int] | None = None
        self._log = get_logger("capture").bind(camera=camera)
        self._retries = Reminder()
        self._reason: Reason | None = None
        self._decoder_lacks = ""

    def begin_run(self, run: str, started_at: datetime) -> None:
        self._settle()
        self._count_busy()
        self._settling = (self._run, self._busy)
        self._ring.begin_run(run, started_at)
        self._run, self._busy = run, 0

    def log_state(self, record: StateRecord) -> None:
        self._ring.log_state(record)
        ring_bell(self._doorbell_fd)
        log = self._log.warning if record.state in _WARNED else self._log.info
        log(
            "camera.state",
            state=record.state.value,
            reason=record.reason.value,
            detail=record.detail,
            run=record.run,
        )
        for state in CameraState:
            self._telemetry.gauge(
                "camera_state", float(state is record.state), camera=self._camera, state=state.value
            )

    def opened(self, info: StreamInfo) -> None:
        self._retries.end()
        self._log.info(
            "camera.opened",
            codec=info.codec,
            width=info.width,
            height=info.height,
            announced_fps=info.announced_fps,
            decoder=info.decoder,
        )
        if info.decoder_lacks and info.decoder_lacks != self._decoder_lacks:
            self._log.warning("camera.decoder", decoder=info.decoder, lacks=info.decoder_lacks)
        self._decoder_lacks = info.decoder_lacks

    def count(self, *, captured: int = 0, decode: int = 0) -> None:
        self._ring.count(captured=captured, decode=decode)
        if captured:
            self._telemetry.count("frames_captured_total", captured, camera=self._camera)
        if decode:
            self._drop("decode", decode)

    def put(self, frame: Frame) -> None:
        self._ring.put(frame)
        ring_bell(self._doorbell_fd)
        self._telemetry.count("frames_sampled_total", 1, camera=self._camera)
        self._settle()
        self._count_busy()

    def clock_set(self, step_s: float) -> None:
        self._telemetry.count("clock_steps_total", 1, camera=self._camera)
        self._log.warning("clock.set", step_s=round(step_s, 1))

    def retrying(self, reason: Reason, delay_s: float) -> None:
        self._telemetry.count("reconnects_total", 1, camera=self._camera, reason=reason.value)
        if reason is not self._reason:
            self._retries.end()
            self._reason = reason
        if self._retries.is_due():
            # Once for each reason, then hourly: a camera that is away is tried for days.
            self._log.info(
                "camera.retry",
                reason=reason.value,
                delay_s=round(delay_s, 2),
                tries=self._retries.tries,
            )

    def _settle(self) -> None:
        """Count what was not read of the run before; once there is a newer frame, none will be."""
        if self._settling is not None:
            self._count_busy_of(*self._settling)
            self._settling = None

    def _count_busy(self) -> None:
        self._busy = self._count_busy_of(self._run, self._busy)

    def _count_busy_of(self, run: str, counted: int) -> int:
        tally = self._ring.tally(run)
        if tally is None or tally.busy <= counted:
            return counted
        self._drop("busy", tally.busy - counted)
        return tally.busy

    def _drop(self, cause: str, amount: int) -> None:
        self._telemetry.count("frames_dropped_total", amount, camera=self._camera, cause=cause)


def run(
    fleet: Fleet,
    lifeline: Lifeline,
    camera_id: str,
    ring: FrameRing,
    doorbell_fd: int | None,
    ceiling: MemoryCeiling | None = None,
) -> int:
    """Capture one camera until the lifeline says stop; the exit code is 0.

    Runs in the capture process. Beats before everything that may block, with the time-out that
    bounds it; a decoder that does not come back breaks that promise, and the supervisor replaces
    the process.

    Args:
        fleet: The configuration.
        lifeline: The line to the supervisor.
        camera_id: Which camera.
        ring: The camera's ring; this process is its only writer.
        doorbell_fd: Non-blocking pipe that is written to when the ring has news, or None.
        ceiling: Of the process's memory, where it is enforced.
    """
    now_s = time.monotonic()
    log_loss(ring, datetime.now(UTC), now_s)
    ring_bell(doorbell_fd)
    options = source_options(fleet.cameras[camera_id])
    options = replace(options, max_frame_px=min(options.max_frame_px, ring.slot_bytes // 3))
    sink = RingSink(camera_id, ring, doorbell_fd, lifeline.telemetry)
    beat = _promising(lifeline, ring)
    beat(options.connect_timeout_s)
    lifeline.ready()
    session = CaptureSession(options, sink, stopping=lifeline.stopping, beat=beat, ceiling=ceiling)
    session.run()
    # A file has ended: stay, so that nobody starts it anew, until told to stop.
    while not lifeline.stopping.is_set():
        beat(_IDLE_S * 5)
        lifeline.stopping.wait(_IDLE_S)
    return 0


def _promising(lifeline: Lifeline, ring: FrameRing) -> Callable[[float], None]:
    """Return a beat that leaves its promise in the ring too, where it outlives the process."""

    def beat(allow_s: float) -> None:
        lifeline.beat(allow_s)
        ring.promise(time.monotonic() + allow_s)

    return beat
