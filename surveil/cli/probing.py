"""Open all cameras of a fleet at once, for ``surveil check --probe``."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from surveil.config import Camera, Fleet
from surveil.domain import Reason
from surveil.redaction import redact

if TYPE_CHECKING:
    from surveil.sources.probe import ProbeReport

MOST_AT_ONCE = 16
"""Cameras that are opened side by side; decoding one picture each is light."""

GRACE_S = 5.0
"""How long past its own time-outs a camera may take before it is given up on."""


def report_json(report: ProbeReport) -> dict[str, Any]:
    """Return plain values, without credentials; ``fps`` is what came, else what was announced."""
    return {
        "codec": report.codec,
        "width": report.width,
        "height": report.height,
        "fps": report.measured_fps or report.announced_fps,
        "time_to_first_frame_s": report.time_to_first_frame_s,
        "reason": str(report.reason),
        "detail": redact(report.detail),
    }


def report_cells(report: ProbeReport) -> list[str]:
    """Return codec, size, rate, time to the first picture and what went wrong, as text."""
    fps = report.measured_fps or report.announced_fps
    wait_s = report.time_to_first_frame_s
    fault = f"{report.reason}: {redact(report.detail)}" if report.detail else str(report.reason)
    return [
        report.codec or "-",
        f"{report.width}x{report.height}" if report.width and report.height else "-",
        f"{fps:.3g} fps" if fps else "-",
        f"{wait_s:.2f} s" if wait_s is not None else "-",
        "live" if report.is_ok else fault,
    ]


def probe_fleet(fleet: Fleet) -> dict[str, ProbeReport]:
    """Open each enabled camera, a bounded number at once, and return what it sent, by id.

    A decoder that hangs beyond all time-outs cannot be interrupted; its thread, which does not
    keep the process from ending, is left behind and the camera reported as ``decoder-hung``.
    """
    # Imported here: FFmpeg's libraries take half a second, and only --probe needs them.
    from surveil.sources.probe import ProbeReport, probe
    from surveil.workers.host.wiring import source_options

    cameras = [camera for camera in fleet.cameras.values() if camera.enabled]
    waiting: queue.SimpleQueue[Camera] = queue.SimpleQueue()
    for camera in cameras:
        waiting.put(camera)
    done: queue.SimpleQueue[tuple[str, ProbeReport]] = queue.SimpleQueue()
    started_mono_s: dict[str, float] = {}

    def work() -> None:
        while True:
            try:
                camera = waiting.get_nowait()
            except queue.Empty:
                return
            started_mono_s[camera.id] = time.monotonic()
            done.put((camera.id, probe(source_options(camera))))

    workers = min(MOST_AT_ONCE, len(cameras))
    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    results: dict[str, ProbeReport] = {}
    while len(results) < len(cameras):
        try:
            name, result = done.get(timeout=0.2)
        except queue.Empty:
            pass
        else:
            results.setdefault(name, result)
        now = time.monotonic()
        for camera in cameras:
            begun = started_mono_s.get(camera.id)
            if camera.id not in results and begun is not None and now - begun > _limit_s(camera):
                results[camera.id] = ProbeReport(camera.id, Reason.DECODER_HUNG)
                # Its thread is lost; another one goes on with the rest.
                threading.Thread(target=work, daemon=True).start()
    return {camera.id: results[camera.id] for camera in cameras}


def _limit_s(camera: Camera) -> float:
    return camera.connect_timeout_s + camera.first_frame_timeout_s + GRACE_S
