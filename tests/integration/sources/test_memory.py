"""What a camera can make its process allocate, and what is said when it is too much."""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kit.rtsp import ScriptedCamera, Send

from surveil.config import Fleet
from surveil.domain import Reason
from surveil.sources.options import SourceOptions
from surveil.workers.probing import probe_fleet

Watch = Callable[[SourceOptions], Any]


def play_fragments(send: Send, closing: threading.Event) -> None:
    """Send one picture's fragments (FU-A, RFC 6184) without end."""
    fragment = bytes([0x7C, 0x05]) + b"\x5a" * 60_000
    sequence = 0
    while not closing.is_set():
        packet = struct.pack(">BBHII", 0x80, 96, sequence & 0xFFFF, 1000, 7) + fragment
        send(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
        sequence += 1


def test_fragments_without_end_are_ended(options: SourceOptions, watch: Watch) -> None:
    with ScriptedCamera(play=play_fragments) as camera:
        patient = replace(options, connect_timeout_s=60, first_frame_timeout_s=60)
        session = watch(replace(patient, url=camera.url, max_memory_bytes=64 << 20))
        session.sink.wait_for(lambda: len(session.sink.retries) >= 1)
        session.stop()
    record = session.sink.states[1]
    assert (record.state, record.reason) == ("offline", "memory-limit")
    assert "max_memory_bytes (64 MiB)" in record.detail


def test_a_description_without_measure_is_refused() -> None:
    answer = "200 OK\r\nContent-Type: application/sdp\r\nContent-Length: 2000000000"
    with ScriptedCamera(answers={"DESCRIBE": answer}) as camera:
        source = {"source": camera.url, "max_memory_bytes": "256MiB", "connect_timeout_s": 60}
        fleet = Fleet.model_validate({"version": 1, "cameras": {"c": source}})
        report = probe_fleet(fleet)["c"]
    assert report.reason is Reason.MEMORY_LIMIT
    assert "2000000000" in report.detail


def test_the_kernel_refuses_what_exceeds_the_ceiling() -> None:
    code = """
from pathlib import Path
from surveil.sources.ceiling import MemoryCeiling
MemoryCeiling(64 << 20).enforce()
bytearray(32 << 20)
try:
    bytearray(128 << 20)
except MemoryError:
    print("refused", Path("/proc/self/oom_score_adj").read_text().strip())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.split() == ["refused", "500"]
