"""One worker process, seen from the supervisor."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from surveil.workers.host.control import Message, MessageBuffer, MessageTooLongError, encode
from surveil.workers.host.restarts import Backoff

PING_PERIOD_S = 1.0
PING_TIMEOUT_S = 5.0
"""Silence after which a worker is killed. Detects a hung worker in at most this plus a period."""

FIRST_PONG_S = 60.0
"""Silence allowed at the start, while a worker imports its libraries (several seconds for torch,
much more on a busy host)."""


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker is and gets.

    Attributes:
        name: Unique in the fleet, for logs and metrics: ``capture:lobby``, ``recorder``.
        role: One of the roles of :mod:`surveil.workers.host.child`.
        assignment: First message; holds secrets, so it is built anew for each start.
        pass_fds: Descriptors that the process inherits.
        phase: Place in the ordered end: lower phases are stopped, and waited for, first.
        on_loss: Called once the process has ended unasked, to say so in its place.
        command: Program that serves as the worker; gets role, name and descriptor as arguments.
    """

    name: str
    role: str
    assignment: Callable[[], Message] = field(repr=False)
    pass_fds: Sequence[int] = ()
    phase: int = 0
    on_loss: Callable[[], None] = lambda: None
    command: Sequence[str] = (sys.executable, "-m", "surveil.workers.host.child")


class WorkerProcess:
    """Starts, pings, kills and reaps one worker. Not thread-safe: the supervisor's loop owns it."""

    def __init__(self, spec: WorkerSpec) -> None:
        self.spec = spec
        self.backoff = Backoff()
        self.starts = 0
        self.start_at_mono_s = 0.0
        self.is_ready = False
        self.samples: list[tuple[str, dict[str, str], float]] = []
        self.fatal: tuple[str, int] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None
        self._buffer = MessageBuffer()
        self._started_mono_s = 0.0
        self._heard_mono_s: float | None = None
        self._pinged_mono_s = 0.0
        self._pings = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def lived_s(self, now_mono_s: float) -> float:
        return now_mono_s - self._started_mono_s

    def start(self) -> None:
        """Start the process and hand it its assignment."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        arguments = [self.spec.role, self.spec.name, str(theirs.fileno())]
        try:
            self._process = subprocess.Popen(
                [*self.spec.command, *arguments],
                pass_fds=(theirs.fileno(), *self.spec.pass_fds),
                stdin=subprocess.DEVNULL,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._sock = ours
        self._buffer = MessageBuffer()
        self._started_mono_s = time.monotonic()
        self._heard_mono_s = None
        self._pinged_mono_s = self._started_mono_s
        self.is_ready = False
        self.starts += 1
        # Bounded: a worker that never reads cannot hold up the supervisor.
        ours.settimeout(PING_TIMEOUT_S)
        self._send(self.spec.assignment())
        ours.setblocking(False)

    def ping(self, now_mono_s: float) -> None:
        """Send a ping if one is due."""
        if self._sock is not None and now_mono_s - self._pinged_mono_s >= PING_PERIOD_S:
            self._pings += 1
            self._pinged_mono_s = now_mono_s
            self._send({"ping": self._pings})

    def listen(self, now_mono_s: float) -> None:
        """Take in what the worker has sent; never waits."""
        while self._sock is not None:
            try:
                data = self._sock.recv(1 << 20)
                messages = self._buffer.feed(data)
            except BlockingIOError:
                return
            except (OSError, MessageTooLongError, ValueError):
                return
            if not data:
                return
            for message in messages:
                if "fatal" in message:
                    self.fatal = (str(message["fatal"]), int(message["code"]))
                if "pong" in message:
                    self._heard_mono_s = now_mono_s
                    self.is_ready = bool(message["ready"])
                    self.samples = [(n, dict(ls), float(v)) for n, ls, v in message["samples"]]

    def is_silent(self, now_mono_s: float) -> bool:
        """Return whether the worker has not answered for too long."""
        if self._process is None:
            return False
        if self._heard_mono_s is None:
            return now_mono_s - self._started_mono_s > FIRST_PONG_S
        return now_mono_s - self._heard_mono_s > PING_TIMEOUT_S

    def stop(self) -> None:
        """Ask the worker to drain and end."""
        self._send({"stop": True})

    def kill(self) -> None:
        """End the worker at once."""
        if self._process is not None:
            self._process.kill()

    def reap(self) -> int | None:
        """Return the exit code if the process has ended since the last call, else None."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is None:
            return None
        self.listen(time.monotonic())
        if self._sock is not None:
            self._sock.close()
        self._process = self._sock = None
        self.is_ready = False
        return code

    def _send(self, message: Message) -> None:
        if self._sock is None:
            return
        try:
            self._sock.sendall(encode(message))
        except OSError:
            # A full or broken line: the worker is not reading. Its silence will end it.
            return
