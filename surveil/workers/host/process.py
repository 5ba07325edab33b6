"""One worker process, seen from the supervisor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from surveil.backoff import STABLE_S, Backoff
from surveil.redaction import registered
from surveil.sources.statelog import StateRecord
from surveil.workers.host.control import Message, MessageBuffer, MessageTooLongError, encode
from surveil.workers.host.forks import ForkServer, Process
from surveil.workers.host.lifeline import DRAIN_S
from surveil.workers.host.liveness import Liveness, Patience
from surveil.workers.host.memory import MemoryScale, MemoryWatch, Verdict
from surveil.workers.host.processor_time import processor_time_s

ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
}
"""Of workers, where the supervisor's own does not say otherwise. By default glibc gives each thread
a heap of its own, which of a worker's memory wastes a quarter, OpenBLAS begins threads that nothing
here needs, and OpenCV spreads small pictures over all cores, which costs a tenth of detection's
processor time."""

PROGRAM = (sys.executable, "-P", "-m", "surveil.workers.child")


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker is and gets.

    Attributes:
        name: Unique in the fleet, for logs and metrics: ``capture:lobby``, ``recorder``.
        role: One of the roles of :mod:`surveil.workers.child`.
        assignment: First message; holds secrets, so it is built anew for each start.
        pass_fds: Descriptors that the process inherits.
        phase: Place in the ordered end: lower phases are stopped, and waited for, first.
        ceiling_bytes: Memory of its own beyond which it is renewed; None is without.
        on_loss: Called once the process has ended unasked, to say so in its place.
        camera: The camera that it captures, if it does.
        last_state: Return that camera's last change of state; called in the supervisor's loop.
        analyses: The cameras that it analyses, if it does.
        is_aside: Whether the host does its job without it: then nobody waits for it, its restarts
            are not of the host's budget, and nothing that it meets once it has begun ends the rest.
        command: Program that serves as the worker; gets role, name and descriptor as arguments.
            Python's ``-P`` keeps it from importing what lies in the working directory. Another one
            than the default is always started as a program.
    """

    name: str
    role: str
    assignment: Callable[[], Message] = field(repr=False)
    pass_fds: Sequence[int] = ()
    phase: int = 0
    ceiling_bytes: int | None = None
    on_loss: Callable[[], None] = lambda: None
    camera: str = ""
    last_state: Callable[[], StateRecord | None] = lambda: None
    analyses: Sequence[str] = ()
    is_aside: bool = False
    command: Sequence[str] = PROGRAM


class WorkerProcess:
    """Starts, pings, kills and reaps one worker. Not thread-safe: the supervisor's loop owns it.

    Args:
        spec: What it is.
        patience: How long it may be silent.
        forks: Starts it, where there is one and the worker is of its kind.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        patience: Patience | None = None,
        forks: ForkServer | None = None,
    ) -> None:
        self.spec = spec
        self._forks = forks if spec.command == PROGRAM else None
        self._is_announced = True
        self.backoff = Backoff()
        self.starts = 0
        self.start_at_mono_s = 0.0
        self.is_ready = False
        self.is_killed = False
        self.is_delayed = False
        self.is_retiring = False
        self.samples: list[tuple[str, dict[str, str], float]] = []
        self.fatal: tuple[str, int] | None = None
        self._patience = patience or Patience()
        self.liveness = Liveness(self._patience, 0.0)
        self.memory = MemoryWatch(spec.ceiling_bytes)
        self._scale = MemoryScale()
        self.held_bytes: int | None = None
        self._renew_by_mono_s: float | None = None
        self._process: Process | None = None
        self._sock: socket.socket | None = None
        self._buffer = MessageBuffer()
        self._unsent = b""
        self._started_mono_s = 0.0
        self._pinged_mono_s = 0.0
        self._pings = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def doing(self) -> str:
        """What the worker does, in words for operators."""
        return self.liveness.doing if self.is_running else "waiting to be started again"

    @property
    def is_renewing(self) -> bool:
        """Whether it was asked to end so that another takes its place."""
        return self._renew_by_mono_s is not None

    def lived_s(self, now_mono_s: float) -> float:
        return now_mono_s - self._started_mono_s

    def restart_delay_s(self, now_mono_s: float) -> float:
        """Return how long to wait before the lost worker is started again, and count the loss.

        One that did its job for long is started at once: what it does not see meanwhile is a gap.
        """
        lived_s = self.lived_s(now_mono_s)
        delay_s = self.backoff.next_delay_s(lived_s)
        return 0.0 if self.liveness.was_ready and lived_s >= STABLE_S else delay_s

    def start(self) -> None:
        """Start the process and hand it its assignment.

        Raises:
            OSError: The host is out of processes, memory or descriptors.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._process = self._begin((theirs.fileno(), *self.spec.pass_fds))
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._sock = ours
        self._buffer, self._unsent = MessageBuffer(), b""
        self._started_mono_s = self._pinged_mono_s = time.monotonic()
        self.liveness = Liveness(self._patience, self._started_mono_s)
        self.is_ready = self.is_killed = self._is_announced = False
        self.memory.begin()
        self._renew_by_mono_s = None
        self.starts += 1
        self._send(self.spec.assignment())

    def _begin(self, fds: Sequence[int]) -> Process:
        """Start the process with descriptors to inherit, of which the first is its line."""
        if self._forks is not None:
            forked = self._forks.start(self.spec.role, self.spec.name, fds)
            if forked is not None:
                return forked
        return subprocess.Popen(
            [*self.spec.command, self.spec.role, self.spec.name, str(fds[0])],
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            env=worker_environment(),
        )

    def has_begun(self) -> bool:
        """Return whether its process is there, once for each start."""
        is_news = not self._is_announced and self.pid is not None
        self._is_announced = self._is_announced or is_news
        return is_news

    def ping(self, now_mono_s: float) -> None:
        """Send a ping if one is due; a worker that still has to read is not asked again."""
        if self._sock is None:
            return
        self._flush()
        if now_mono_s - self._pinged_mono_s >= self._patience.ping_every_s and not self._unsent:
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
                self._take(message, now_mono_s)

    def is_silent(self, now_mono_s: float) -> bool:
        """Return whether the worker has broken its promise, and was not killed for it yet."""
        if self._process is None or self.is_killed:
            return False
        if not self.liveness.was_ready and self.pid is not None:
            processor_s = processor_time_s(self.pid)
            if processor_s is not None:
                self.liveness.see_work(now_mono_s, processor_s)
        return self.liveness.is_overdue(now_mono_s)

    def weigh(self, now_mono_s: float) -> Verdict:
        """Look at how much memory the worker holds, now and then, once it has been ready."""
        if self.pid is None or not self.memory.is_due(now_mono_s):
            return Verdict.NOTHING
        self.held_bytes = self._scale.held_bytes(self.pid, now_mono_s)
        if self.held_bytes is None or self.is_renewing or not self.liveness.was_ready:
            return Verdict.NOTHING
        return self.memory.see(now_mono_s, self.held_bytes)

    def renew(self, now_mono_s: float, limit_s: float = DRAIN_S) -> None:
        """Ask the worker to drain and end, by default within the time that an ordered end has."""
        self._renew_by_mono_s = now_mono_s + limit_s
        self.stop()

    def is_late_to_end(self, now_mono_s: float) -> bool:
        """Return whether it is being renewed and has not ended in time; once."""
        by = self._renew_by_mono_s
        return by is not None and now_mono_s > by and not self.is_killed

    def stop(self) -> None:
        """Ask the worker to drain and end."""
        self._send({"stop": True})

    def kill(self) -> None:
        """End the worker at once."""
        if self._process is not None:
            self.is_killed = True
            self._process.kill()

    def reap(self) -> int | None:
        """Return the exit code if the process has ended since the last call, else None."""
        if self._process is None:
            return None
        self._flush()
        code = self._process.poll()
        if code is None:
            return None
        self.listen(time.monotonic())
        if self._sock is not None:
            self._sock.close()
        self._process = self._sock = None
        self.is_ready = False
        self.held_bytes = None
        return code

    def _take(self, message: Message, now_mono_s: float) -> None:
        if "fatal" in message:
            self.fatal = (str(message["fatal"]), int(message["code"]))
        if "broken" in message:
            self.liveness.break_promise(str(message["broken"]))
        if "promise" in message:
            self.is_ready = bool(message["ready"])
            self.liveness.hear(
                now_mono_s,
                float(message["promise"]),
                str(message["doing"]),
                is_ready=self.is_ready,
            )
        if "samples" in message:
            self.samples = [(n, dict(ls), float(v)) for n, ls, v in message["samples"]]

    def _send(self, message: Message) -> None:
        self._unsent += encode(message)
        self._flush()

    def _flush(self) -> None:
        """Send what the line takes; never waits for a worker that does not read."""
        while self._sock is not None and self._unsent:
            try:
                sent = self._sock.send(self._unsent)
            except OSError:  # full, or broken: then the worker's end is near, and is seen
                return
            self._unsent = self._unsent[sent:]


def worker_environment() -> dict[str, str]:
    """Return the environment of workers: that of this process, less the secrets.

    What a fleet file takes from the environment is handed on by assignment, to whom it concerns.
    """
    secrets = registered()
    kept = {
        name: value
        for name, value in os.environ.items()
        if value not in secrets
        and not ("://" in value and any(secret in value for secret in secrets))
    }
    return ENVIRONMENT | kept
