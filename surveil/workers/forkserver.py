"""The process that workers are forked from: ``python -m surveil.workers.forkserver STAGES FD …``.

It imports, stage by stage, what workers need, starts those it is asked for, and says how they end.
It has one thread, no secret, no open file and no connection, so that a fork copies nothing but
modules; a library that begins a thread while it is imported ends it. The supervisor's side is
:mod:`surveil.workers.host.forks`, which has the reasons.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from surveil.workers import child
from surveil.workers.host.process_title import show_command

STAGES = {
    "capture": ("surveil.sources.ring", "surveil.sources.ceiling", "surveil.workers.capture"),
    "engines": ("surveil.engines.openvino",),
    "inference": (
        "surveil.live",
        "surveil.workers.inferring.worker",
        "surveil.workers.inferring.inference",
    ),
    "recorder": ("surveil.workers.recording.recorder",),
    "alerter": ("surveil.workers.alerting.alerter",),
}
"""What is imported, by stage. A worker whose role is a stage is started once that is done, others
(``web``, which shares little with them) after all."""

MOST_REQUEST_BYTES = 1 << 16
MOST_FDS = 253  # SCM_MAX_FD
FIRST_FD = 3


@dataclass(frozen=True, slots=True)
class Request:
    """A worker that is asked for.

    Attributes:
        id: By which the supervisor knows it.
        role: What it is to do.
        name: For people.
        wanted: Numbers of the descriptors as it is to find them; the first is its line.
        fds: The same descriptors, as they came.
    """

    id: int
    role: str
    name: str
    wanted: tuple[int, ...]
    fds: tuple[int, ...]


class _Server:
    def __init__(self, control: socket.socket, stages: Sequence[str]) -> None:
        self._control = control
        self._left = list(stages)
        self._done: set[str] = set()
        self._waiting: list[Request] = []
        self._children: dict[int, tuple[int, int]] = {}
        self._poll = select.poll()

    def serve(self) -> None:
        """Import, fork and reap until the supervisor is gone."""
        self._poll.register(self._control, select.POLLIN)
        while True:
            if self._left:
                self._done.add(self._left[0])
                _load(self._left.pop(0))
                self._start_those_that_can()
            for fd, _ in self._poll.poll(0 if self._left else None):
                if fd != self._control.fileno():
                    self._reap(fd)
                elif not self._receive():
                    return
            self._start_those_that_can()

    def _start_those_that_can(self) -> None:
        for request in list(self._waiting):
            if not self._left or request.role in self._done:
                self._waiting.remove(request)
                self._start(request)

    def _receive(self) -> bool:
        """Take in all requests that are there; return whether the supervisor still is."""
        while select.select([self._control], [], [], 0)[0]:
            data, fds, _, _ = socket.recv_fds(self._control, MOST_REQUEST_BYTES, MOST_FDS)
            if not data:
                return False
            said = json.loads(data)
            wanted = tuple(map(int, said["fds"]))
            self._waiting.append(
                Request(said["id"], said["role"], said["name"], wanted, tuple(fds))
            )
        return True

    def _start(self, request: Request) -> None:
        """Fork a worker, and tell of it."""
        if len(list(Path("/proc/self/task").iterdir())) > 1:
            sys.exit("surveil: a library has begun a thread; workers cannot be forked")
        pid = os.fork()
        if pid == 0:
            _become(request)
        for fd in request.fds:
            os.close(fd)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = (pid, request.id)
        self._poll.register(pidfd, select.POLLIN)
        self._tell({"id": request.id, "pid": pid}, [pidfd])

    def _reap(self, pidfd: int) -> None:
        pid, id_ = self._children.pop(pidfd)
        _, status = os.waitpid(pid, 0)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        self._tell({"id": id_, "code": os.waitstatus_to_exitcode(status)}, [])

    def _tell(self, message: dict[str, int], fds: list[int]) -> None:
        socket.send_fds(self._control, [json.dumps(message).encode()], fds)


def _load(stage: str) -> None:
    for module in STAGES.get(stage, ()):
        # What is missing or broken is told by the worker that needs it.
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    gc.collect()
    gc.freeze()  # the collector would write to every object, and so copy its page


def _become(request: Request) -> None:
    """Go on as the worker; does not return."""
    code = 1
    try:
        _arrange(request.fds, request.wanted)
        arguments = [request.role, request.name, str(request.wanted[0])]
        show_command([sys.executable, "-P", "-m", child.__name__, *arguments])
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, signal.SIG_DFL)
        code = child.main(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  (a fork must not go on in its parent's frames)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _arrange(fds: Sequence[int], wanted: Sequence[int]) -> None:
    """Give descriptors the numbers wanted, and close all others but the standard ones."""
    open_fds = [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    first_free = max(*open_fds, *wanted) + 1
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, first_free) for fd in fds]
    os.closerange(FIRST_FD, first_free)
    for fd, number in zip(moved, wanted, strict=True):
        os.dup2(fd, number, inheritable=False)
    os.closerange(first_free, max(moved, default=first_free) + 1)


def main(argv: list[str]) -> int:
    """Serve the supervisor at the other end of a descriptor; return the exit code."""
    stages, fd = argv[0].split(","), int(argv[1])
    # The supervisor decides the order of the end; this process ends when that has.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN)
    show_command([sys.executable, "-P", "-m", "surveil.workers.forkserver", argv[0], argv[1]])
    with socket.socket(fileno=fd) as control, contextlib.suppress(OSError):
        _Server(control, stages).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
