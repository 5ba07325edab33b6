"""Open the cameras of a fleet side by side, each in a process of its own, and report."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from surveil.config import Camera, Fleet
from surveil.domain import Reason
from surveil.sources.probe import LONGEST_S, ProbeReport
from surveil.workers.host.wiring import source_options
from surveil.workers.probe_process import read_report, write_options

MOST_AT_ONCE = 16
"""Cameras that are opened side by side; decoding one picture each is light."""

START_S = 60.0
"""What a process may take to load FFmpeg, on a busy host."""

GRACE_S = 5.0
"""How long past its own time-outs a camera may take before it is given up on."""


def probe_fleet(fleet: Fleet) -> dict[str, ProbeReport]:
    """Open each enabled camera, a bounded number at once, and return what it sent, by id.

    A camera whose decoder hangs beyond all time-outs is ``decoder-hung``, one whose process dies is
    ``worker-lost``; neither touches the others.
    """
    cameras = [camera for camera in fleet.cameras.values() if camera.enabled]
    if not cameras:
        return {}
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(cameras))) as pool:
        reports = pool.map(probe_camera, cameras)
        return {camera.id: report for camera, report in zip(cameras, reports, strict=True)}


def probe_camera(camera: Camera) -> ProbeReport:
    """Open one camera in a process of its own; takes at most ``START_S`` and its time-outs."""
    command = [sys.executable, "-P", "-m", "surveil.workers.probe_process"]
    limit_s = 2 * camera.connect_timeout_s + camera.first_frame_timeout_s + LONGEST_S + GRACE_S
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with _killing(process, START_S) as is_late:
            process.stdin.write(write_options(source_options(camera)))
            process.stdin.close()
            begun = process.stdout.readline()
        if not begun:
            detail = f"not started within {START_S:g} s" if is_late.is_set() else ""
            return ProbeReport(camera.id, Reason.WORKER_LOST, detail)
        with _killing(process, limit_s) as is_late:
            text = process.stdout.read()
    if is_late.is_set():
        return ProbeReport(camera.id, Reason.DECODER_HUNG)
    try:
        return read_report(text)
    except ValueError:
        detail = f"its process ended with {process.returncode}"
        return ProbeReport(camera.id, Reason.WORKER_LOST, detail)


@contextmanager
def _killing(process: subprocess.Popen[str], limit_s: float) -> Iterator[threading.Event]:
    """Kill the process unless the block ends in time; the event tells that it was."""
    is_late = threading.Event()

    def kill() -> None:
        is_late.set()
        process.kill()

    timer = threading.Timer(limit_s, kill)
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
