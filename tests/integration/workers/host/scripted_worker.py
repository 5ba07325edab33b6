"""A worker whose conduct is its role: used by the supervisor's tests as a real process.

Roles: ``good`` works and drains; ``exits`` ends with code 9 at once; ``hangs`` breaks its promise;
``large`` holds 64 MB, which ``holds-large`` does not give back when asked to end;
``fidgets`` is ready once, and then does now this and now that;
``imports`` holds the interpreter's lock for some seconds before it works; ``stuck`` does so for
ever; ``maimed`` loses a thread; ``holds`` ignores the request to stop; ``fatal`` reports an error
that no restart mends.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
import time
from pathlib import Path

from surveil.workers.host.control import SocketLifeline


def main() -> int:
    role, name, fd = sys.argv[1], sys.argv[2], int(sys.argv[3])
    lifeline = SocketLifeline(socket.socket(fileno=fd))
    folder = Path(lifeline.receive_assignment()["folder"])
    with (folder / name).open("a", encoding="utf-8") as diary:
        diary.write(f"{os.getpid()}\n")
    lifeline.start()
    if role in ("imports", "stuck"):
        lifeline.beat(60.0 if role == "imports" else 0.0, "importing")
        ctypes.PyDLL(None).sleep(3 if role == "imports" else 600)  # PyDLL keeps the lock
    lifeline.ready()
    ready_until = time.monotonic() + 1.0
    lifeline.telemetry.count("starts_total")
    if role == "exits":
        return 9
    if role == "fatal":
        lifeline.fatal("weights are corrupt", 3)
        return 3
    if role == "maimed":
        thread = threading.Thread(target=lambda: None, name="publisher")
        thread.start()
        lifeline.watch(thread)
    if role == "hangs":
        lifeline.beat(0.0)
        time.sleep(600)
    block = bytearray(b"x") * (64 << 20) if role in ("large", "holds-large") else b""
    while role in ("holds", "holds-large") or not lifeline.stopping.is_set():
        lifeline.beat(5.0, f"step {time.monotonic_ns()}" if role == "fidgets" else "working")
        lifeline.ready(role != "fidgets" or time.monotonic() < ready_until)
        time.sleep(0.02)
    assert len(block) in (0, 64 << 20)
    with (folder / "ends").open("a", encoding="utf-8") as diary:
        diary.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
