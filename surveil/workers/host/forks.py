"""Start workers from a process that has imported what they need: the supervisor's side.

Importing takes a worker half a second to a second of processor time and 40 to 70 MB; forked from a
process that has done it (:mod:`surveil.workers.forkserver`), it begins within some milliseconds and
shares that memory. The fork server is told role, name and descriptors, and no assignment: that goes
over the worker's own line, so what a worker inherits holds no secret. Workers are not children of
the supervisor: a descriptor of the process (pidfd_open(2)) tells their end and ends them, and the
fork server, their parent, says how they ended.

Nothing depends on it: where there is none, or it has ended, workers are started as programs.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol

from surveil.backoff import STABLE_S
from surveil.logs import get_logger

MODULE = "surveil.workers.forkserver"
TITLE_ROOM = 256
"""Bytes of the fork server's command line that its workers may write their own over."""

MOST_FDS = 250
"""That the kernel passes in one message (SCM_MAX_FD of unix(7)), less a few."""

MAX_PACKET_BYTES = 1 << 16
UNKNOWN_CODE = 255
"""Exit code of a worker whose fork server ended before it, where nobody tells."""

_log = get_logger("supervisor")


class Process(Protocol):
    """A process that was started; :class:`subprocess.Popen` is one."""

    @property
    def pid(self) -> int | None:
        """Its id; None while it is being started."""

    def poll(self) -> int | None:
        """Return its exit code once it has ended, that of a signal being negative."""

    def kill(self) -> None:
        """End it at once."""


class ForkedWorker:
    """A worker that a fork server was asked for."""

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self._pid: int | None = None
        self._pidfd: int | None = None
        self._code: int | None = None
        self._is_orphan = False

    @property
    def pid(self) -> int | None:
        self._server.listen()
        return self._pid

    def poll(self) -> int | None:
        self._server.listen()
        if self._code is None and self._is_orphan and (self._pidfd is None or self._has_ended()):
            self.ended(self._reap())
        return self._code

    def kill(self) -> None:
        if self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        elif self._code is None:
            self._server.give_up("it starts no worker")

    def started(self, pid: int, pidfd: int) -> None:
        """The fork server has started it; takes over ``pidfd``."""
        self._pid, self._pidfd = pid, pidfd

    def ended(self, code: int) -> None:
        """It has ended."""
        self._code = code
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def orphaned(self) -> None:
        """Its fork server has ended: nobody tells any more how it ends, also not the next one."""
        self._is_orphan = True

    def _has_ended(self) -> bool:
        assert self._pidfd is not None
        ended = select.poll()  # select(2) takes no descriptor from 1024
        ended.register(self._pidfd, select.POLLIN)
        return bool(ended.poll(0))

    def _reap(self) -> int:
        """Return its exit code where this process is its new parent, as process 1 is."""
        if self._pidfd is None:
            return UNKNOWN_CODE
        try:
            found = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            return UNKNOWN_CODE
        if found is None:
            return UNKNOWN_CODE
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


class ForkServer:
    """The supervisor's line to its fork server. Not thread-safe: the supervisor's loop owns it.

    Args:
        stages: What it imports, in this order; see :data:`surveil.workers.forkserver.STAGES`.
        environment: Of the fork server and all that it starts.
    """

    def __init__(self, stages: Sequence[str], environment: dict[str, str]) -> None:
        self._stages = tuple(stages)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None
        self._began_mono_s: float | None = None
        self._asked = 0
        self._workers: dict[int, ForkedWorker] = {}

    @property
    def is_alive(self) -> bool:
        return self._sock is not None

    @property
    def pid(self) -> int | None:
        """Of the fork server itself."""
        return self._process.pid if self._process is not None else None

    def start(self, role: str, name: str, fds: Sequence[int]) -> ForkedWorker | None:
        """Ask for a worker; None where it must be started as a program.

        Args:
            role: What it is to do.
            name: For ``ps`` and the log.
            fds: That it inherits under the same numbers; the first is its line.
        """
        if len(fds) > MOST_FDS or not self._is_there():
            return None
        assert self._sock is not None
        self._asked += 1
        request = {"id": self._asked, "role": role, "name": name, "fds": list(fds)}
        try:
            socket.send_fds(self._sock, [json.dumps(request).encode()], list(fds))
        except OSError:  # more is asked for than the line holds, or it is broken
            return None
        worker = self._workers[self._asked] = ForkedWorker(self)
        return worker

    def listen(self) -> None:
        """Take in what it says of its workers; never waits."""
        while self._sock is not None:
            try:
                data, fds, _, _ = socket.recv_fds(self._sock, MAX_PACKET_BYTES, 1)
            except BlockingIOError:
                return
            except OSError:
                data, fds = b"", []
            if not data:
                self.give_up("it has ended")
                return
            self._take(json.loads(data), fds)

    def give_up(self, reason: str) -> None:
        """End the fork server; its workers go on."""
        if self._sock is None or self._process is None:
            return
        _log.warning("forks.lost", reason=reason, pid=self._process.pid)
        self.close()

    def close(self) -> None:
        """End the fork server, in order."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        if self._process is not None:
            self._process.kill()  # it holds nothing
            self._process.wait()
            self._process = None
        for worker in self._workers.values():
            worker.orphaned()
        self._workers.clear()

    def _take(self, message: dict[str, Any], fds: list[int]) -> None:
        worker = self._workers.get(int(message["id"]))
        if worker is None:
            for fd in fds:
                os.close(fd)
        elif "code" in message:
            del self._workers[int(message["id"])]
            worker.ended(int(message["code"]))
        else:
            worker.started(int(message["pid"]), fds[0])

    def _is_there(self) -> bool:
        """Return whether there is a fork server, after starting one where that may be tried."""
        self.listen()
        now_s = time.monotonic()
        if self._sock is not None:
            return True
        if self._began_mono_s is not None and now_s - self._began_mono_s < STABLE_S:
            return False
        self._began_mono_s = now_s
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [",".join(self._stages), str(theirs.fileno()), "." * TITLE_ROOM]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, *arguments],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=self._environment,
            )
        except OSError as error:
            _log.warning("forks.failed", error=str(error))
            ours.close()
            return False
        finally:
            theirs.close()
        ours.setblocking(False)
        self._sock = ours
        return True


def fork_server(stages: Sequence[str], environment: dict[str, str]) -> ForkServer | None:
    """Return a fork server, which starts with the first worker; None where the system has none."""
    has_all = sys.platform == "linux" and hasattr(os, "pidfd_open")
    return ForkServer(stages, environment) if has_all else None
