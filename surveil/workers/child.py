"""Entry point of every worker process: ``python -m surveil.workers.child ROLE NAME FD``.

The arguments are for people who read ``ps``; what the worker needs, secrets included, comes as the
first message over the inherited socket ``FD``.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

from surveil.config import Fleet
from surveil.errors import SurveilError
from surveil.logs import configure_logs, get_logger
from surveil.workers.host.control import Message, SocketLifeline

FATAL_EXIT_CODES = (2, 3, 4)
"""Exit codes of errors that no restart mends: configuration, model, in use."""


def _work(role: str, assignment: Message, fleet: Fleet, lifeline: SocketLifeline) -> int:
    """Run the worker of one role. Its modules are imported here: each role needs others."""
    from surveil.sources.ring import FrameRing

    rings = {camera: FrameRing.attach(fd) for camera, fd in assignment.get("rings", {}).items()}
    doorbell_fd: int | None = assignment.get("doorbell_fd")
    watched: dict[str, int] = assignment.get("readings", {})
    match role:
        case "capture":
            from surveil.sources.ceiling import MemoryCeiling
            from surveil.workers import capture

            (camera_id,) = rings
            ceiling = MemoryCeiling(fleet.cameras[camera_id].max_memory_bytes)
            ceiling.enforce()
            ring = rings[camera_id]
            return capture.run(fleet, lifeline, camera_id, ring, doorbell_fd, ceiling)
        case "inference":
            from surveil.events.spool import SpoolLease
            from surveil.live import ReadingsRing
            from surveil.workers.host.lease_board import LeaseBoard
            from surveil.workers.inferring import worker

            readings = {camera: ReadingsRing.attach(fd) for camera, fd in watched.items()}
            board_fd = assignment["board_fd"]
            board = LeaseBoard(board_fd, assignment["board"]) if board_fd is not None else None
            lost = assignment["host_lost"]
            leases = {c: SpoolLease(n, c in lost) for c, n in assignment["leases"].items()}
            return worker.run(
                *(fleet, lifeline, rings, doorbell_fd, readings),
                spool=assignment["spool"],
                owned=assignment["spools"],
                threads=assignment["threads"],
                leave=os._exit,
                leases=leases,
                board=board,
            )
        case "recorder":
            from surveil.workers.recording import recorder

            return recorder.run(fleet, lifeline)
        case "alerter":
            from surveil.workers.alerting import alerter

            return alerter.run(fleet, lifeline, holder=assignment.get("holder"))
        case "web":
            from surveil.live import ReadingsRing
            from surveil.live.frames import LiveViews
            from surveil.workers import web

            shown = {camera: ReadingsRing.attach(fd) for camera, fd in watched.items()}
            return web.run(fleet, lifeline, LiveViews.of(fleet.cameras, rings, shown))
    raise ValueError(f"unknown role {role!r}")


def main(argv: list[str]) -> int:
    """Serve as the worker that the assignment describes; return its exit code."""
    role, name, fd = argv[0], argv[1], int(argv[2])
    # Ctrl-C goes to the whole foreground group: the supervisor alone decides the order of the end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lifeline = SocketLifeline(socket.socket(fileno=fd))
    signal.signal(signal.SIGTERM, lambda *_: lifeline.stopping.set())
    assignment = lifeline.receive_assignment()
    fleet = Fleet.from_wire(assignment["fleet"])
    configure_logs(role=name, level=assignment["log_level"], json=assignment["log_json"])
    lifeline.start()
    log = get_logger("worker")
    try:
        return _work(role, assignment, fleet, lifeline)
    except SurveilError as error:
        log.error("worker.failed", error=str(error), exit_code=error.exit_code)
        if error.exit_code in FATAL_EXIT_CODES:
            lifeline.fatal(str(error), error.exit_code)
        return error.exit_code


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # No interpreter shutdown: a native thread that is stuck (a decoder) must not hold up the end.
    os._exit(code)
