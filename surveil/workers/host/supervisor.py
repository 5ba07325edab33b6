"""The supervisor: starts the workers, pings them, replaces the lost, ends them in order.

Runs in the process of ``surveil run``; imports no torch. One loop, one thread; the HTTP endpoint
beside it only reads.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from surveil.errors import SurveilError
from surveil.logs import get_logger
from surveil.workers.host.board import MetricsBoard
from surveil.workers.host.forks import ForkServer
from surveil.workers.host.liveness import Patience
from surveil.workers.host.memory import MemoryWatch, Verdict, held_bytes
from surveil.workers.host.notify_socket import NotifySocket
from surveil.workers.host.process import WorkerProcess, WorkerSpec
from surveil.workers.host.restarts import RestartBudget
from surveil.workers.host.supervisor_samples import samples_of

LOOP_ALIVE_S = 5.0

PAUSE_S = 1.0
"""A turn of the loop that comes later than this: the host was suspended, or so busy that nobody
listened, and silence of that time says nothing about the workers."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SAID_EVERY_S = 1.0
"""What is waited for is logged no more often than this."""


class WorkerFatalError(SurveilError):
    """A worker met an error that no restart mends; carries the worker's exit code."""

    def __init__(self, worker: str, message: str, exit_code: int) -> None:
        super().__init__(f"{worker}: {message}")
        self.exit_code = exit_code


@dataclass
class Supervisor:
    """Keeps a set of workers alive until it is asked to stop.

    Attributes:
        specs: The workers, started in this order; ended phase by phase, lowest first.
        budget: Restarts that the host can bear, shared by all workers that are not aside.
        aside_budget: The same for those that are.
        drain_phase_s: Seconds each phase may take to end, by phase; the rest is killed.
        tend: Called in each turn of the loop, for what is not a worker (embedded Redis).
        patience: How long workers may be silent.
        tick_s: Length of a turn of the loop.
        ceiling_bytes: Memory of this process itself beyond which it warns, once.
        drain_total_s: From the request to end until the last worker is killed; the promise is 10.
        manager: The service manager, where there is one; hears of each turn of the loop.
        reload: Called in the loop after :meth:`request_reload`; returns the workers to be renewed.
        forks: Starts workers quickly, where there is one.
    """

    specs: Sequence[WorkerSpec]
    budget: RestartBudget = field(default_factory=RestartBudget)
    aside_budget: RestartBudget = field(default_factory=lambda: RestartBudget(3, 30.0))
    board: MetricsBoard = field(default_factory=MetricsBoard)
    drain_phase_s: dict[int, float] = field(default_factory=dict)
    tend: Callable[[float], None] = lambda _: None
    patience: Patience = field(default_factory=Patience)
    tick_s: float = 0.1
    say_every_s: float = SAID_EVERY_S
    ceiling_bytes: int | None = None
    drain_total_s: float = 9.5
    manager: NotifySocket = field(default_factory=NotifySocket)
    reload: Callable[[], Collection[str]] = lambda: ()
    forks: ForkServer | None = None

    def __post_init__(self) -> None:
        self._workers = [WorkerProcess(spec, self.patience, self.forks) for spec in self.specs]
        self._restarts: Counter[tuple[str, str]] = Counter()
        self._renewals: Counter[str] = Counter()
        self._own_memory = MemoryWatch(self.ceiling_bytes)
        self._own_bytes: int | None = None
        self._stop_signal: int | None = None
        self._is_reload_due = False
        self._turned_mono_s = time.monotonic()
        self._said: dict[str, str] | None = None
        self._said_mono_s = 0.0
        self._log = get_logger("supervisor")

    # What the endpoint and tests ask.

    def livez(self) -> tuple[bool, dict[str, Any]]:
        """Return whether the loop turns."""
        age_s = time.monotonic() - self._turned_mono_s
        return age_s < LOOP_ALIVE_S, {"loop_age_s": round(age_s, 3)}

    def readyz(self) -> tuple[bool, dict[str, Any]]:
        """Return whether every worker says that it does its job, and what the others do."""
        waiting = self._waiting_for()
        return not waiting and self._stop_signal is None, {"waiting_for": waiting}

    def pids(self) -> dict[str, int]:
        """Return the process id of each running worker by name."""
        return {w.spec.name: w.pid for w in self._workers if w.pid is not None}

    @property
    def workers(self) -> tuple[WorkerProcess, ...]:
        """The workers, in the order of their start; for the loop's thread alone."""
        return tuple(self._workers)

    @property
    def losses(self) -> Mapping[tuple[str, str], int]:
        """How often each worker was lost, by name and cause."""
        return self._restarts

    @property
    def own_bytes(self) -> int | None:
        """Private memory of this process; None before the first reading."""
        return self._own_bytes

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stop_signal is not None

    def request_stop(self, signum: int = signal.SIGTERM) -> None:
        """Ask the loop to end; safe to call from a signal handler."""
        self._stop_signal = signum

    def request_reload(self) -> None:
        """Ask the loop to read the rules again; safe to call from any thread."""
        self._is_reload_due = True

    # Workers that come and go.

    def add(self, specs: Sequence[WorkerSpec]) -> None:
        """Start more workers with the next turn; called from the loop's thread, by ``tend``."""
        self._workers += [WorkerProcess(spec, self.patience, self.forks) for spec in specs]

    def retire(self, names: Collection[str]) -> None:
        """Let workers end for good, those of the lowest phase first; called as :meth:`add`."""
        for worker in self._workers:
            worker.is_retiring = worker.is_retiring or worker.spec.name in names

    def employs(self, name: str) -> bool:
        """Return whether a worker was started or is to be, and has not ended for good."""
        return any(worker.spec.name == name for worker in self._workers)

    def _let_end(self, now: float) -> None:
        """Ask those to end that are retiring and whose turn it is; forget those that have."""
        leaving = [worker for worker in self._workers if worker.is_retiring]
        if not leaving:
            return
        phase = min((w.spec.phase for w in leaving if w.is_running), default=None)
        for worker in leaving:
            if not worker.is_running:
                self._workers.remove(worker)
            elif worker.spec.phase == phase and not worker.is_renewing:
                worker.renew(now, self.drain_phase_s.get(phase, self.drain_total_s))

    # The loop.

    def run(self) -> int:
        """Work until a signal asks to stop; return 0 after an orderly end.

        Raises:
            WorkerFatalError: A worker met an error that no restart mends; all have been ended.
        """
        wake, wake_write = socket.socketpair()
        wake.settimeout(self.tick_s)
        wake_write.setblocking(False)
        before_fd = signal.set_wakeup_fd(wake_write.fileno(), warn_on_full_buffer=False)
        before = {s: signal.signal(s, self._on_signal) for s in SIGNALS}
        try:
            while self._stop_signal is None:
                self.turn(time.monotonic())
                try:
                    wake.recv(64)
                except TimeoutError:
                    continue
            self._log.info("supervisor.stopping", signal=signal.Signals(self._stop_signal).name)
        finally:
            self.manager.stopping("ending the workers")
            self.end_workers()
            for signum, handler in before.items():
                signal.signal(signum, handler)
            signal.set_wakeup_fd(before_fd)
            wake.close()
            wake_write.close()
        return 0

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if signum == signal.SIGHUP:
            self.request_reload()
        else:
            self.request_stop(signum)

    def turn(self, now: float) -> None:
        """Look after each worker once; ``now`` is monotonic.

        Raises:
            WorkerFatalError: A worker met an error that no restart mends.
        """
        late_s = now - self._turned_mono_s - self.tick_s
        self._turned_mono_s = now
        self.tend(now)
        self._let_end(now)
        is_due, self._is_reload_due = self._is_reload_due, False  # first: another may come
        renewed = self.reload() if is_due else ()
        for worker in self._workers:
            if worker.spec.name in renewed and worker.is_running and not worker.is_renewing:
                worker.renew(now)
            if late_s > PAUSE_S:
                worker.liveness.excuse(late_s)
            if not worker.is_running:
                self._start(worker, now)
                continue
            if worker.has_begun():
                self._log.info("worker.started", worker=worker.spec.name, pid=worker.pid)
            worker.listen(now)
            worker.ping(now)
            self.board.put(worker.spec.name, worker.samples)
            if worker.is_silent(now):
                self._end_hung(worker, now)
            self._weigh(worker, now)
            code = worker.reap()
            if code is not None:
                self._ended(worker, code, now)
        self._weigh_itself(now)
        self.board.put(
            "supervisor",
            samples_of(self._workers, self._restarts, self._renewals, self._own_bytes),
        )
        self._say_what_is_waited_for(now)
        self.manager.turn(now, self._status)

    def _end_hung(self, worker: WorkerProcess, now: float) -> None:
        self._log.error(
            "worker.hung",
            worker=worker.spec.name,
            pid=worker.pid,
            doing=worker.doing,
            silent_s=round(worker.liveness.silent_s(now), 1),
            limit_s=round(worker.liveness.limit_s(), 1),
            was_ready=worker.liveness.was_ready,
        )
        self._count_loss(worker, "hung")
        worker.kill()

    def _weigh(self, worker: WorkerProcess, now: float) -> None:
        """Renew a worker that holds too much memory; kill one that does not end when asked."""
        verdict = worker.weigh(now)
        if verdict is not Verdict.NOTHING:
            words = {
                "worker": worker.spec.name,
                "held_bytes": worker.held_bytes,
                "ceiling_bytes": worker.memory.ceiling_bytes,
            }
        if verdict is Verdict.RENEW:
            self._log.warning("worker.renewing", cause="memory", **words)
            self._renewals[worker.spec.name] += 1
            worker.renew(now)
        elif verdict is Verdict.TOO_LOW:
            remedy = f"memory.{worker.spec.role}: a ceiling above what the worker needs"
            self._log.warning("worker.ceiling_too_low", remedy=remedy, **words)
        if worker.is_late_to_end(now):
            self._log.error("worker.killed_at_end", worker=worker.spec.name)
            worker.kill()

    def _weigh_itself(self, now: float) -> None:
        if self._own_memory.is_due(now):
            self._own_bytes = held_bytes(os.getpid())
            verdict = self._own_memory.see(now, self._own_bytes or 0)
            if verdict is Verdict.RENEW:  # nobody can; it is told at most every ten minutes
                self._log.warning(
                    "supervisor.memory",
                    held_bytes=self._own_bytes,
                    ceiling_bytes=self.ceiling_bytes,
                    remedy="restart surveil run; memory.supervisor is the ceiling",
                )

    def _waiting_for(self) -> dict[str, str]:
        return {w.spec.name: w.doing for w in self._needed() if not w.is_ready}

    def _needed(self) -> list[WorkerProcess]:
        return [worker for worker in self._workers if not worker.spec.is_aside]

    def _status(self) -> str:
        """Return one line for whoever looks at the service."""
        lacking = [f"{name}: {doing}" for name, doing in self._waiting_for().items()]
        needed = len(self._needed())
        ready = f"{needed - len(lacking)} of {needed} workers ready"
        return "; ".join([ready, *lacking])

    def _say_what_is_waited_for(self, now: float) -> None:
        """Log what keeps the fleet from being ready, and that it is, when that changes.

        Of a worker that was ready before, what it does now and then is no change.
        """
        waiting = self._waiting_for()
        were_ready = {w.spec.name for w in self._workers if w.liveness.was_ready}
        steps = {name: "" if name in were_ready else doing for name, doing in waiting.items()}
        if steps == self._said or now - self._said_mono_s < self.say_every_s:
            return
        self._said, self._said_mono_s = steps, now
        if waiting:
            self._log.info("supervisor.waiting", waiting_for=waiting)
        else:
            self._log.info("supervisor.ready")

    def _start(self, worker: WorkerProcess, now: float) -> None:
        if now < worker.start_at_mono_s:
            return
        budget = self.aside_budget if worker.spec.is_aside else self.budget
        if worker.starts and not budget.take(now):
            worker.start_at_mono_s = now + 1.0
            if not worker.is_delayed:
                worker.is_delayed = True
                self._count_loss(worker, "budget-spent")
                self._log.warning("worker.restart_delayed", worker=worker.spec.name)
            return
        worker.is_delayed = False
        try:
            worker.start()
        except OSError as error:
            # The host is out of processes or memory: that passes, and the back-off bounds it.
            worker.start_at_mono_s = now + worker.backoff.next_delay_s(0.0)
            self._count_loss(worker, "spawn-failed")
            self._log.error("worker.start_failed", worker=worker.spec.name, error=str(error))

    def _ended(self, worker: WorkerProcess, code: int, now: float) -> None:
        self.board.retire(worker.spec.name)
        worker.samples = []
        if worker.fatal is not None and (worker.starts == 1 or not worker.spec.is_aside):
            raise WorkerFatalError(worker.spec.name, *worker.fatal)
        if worker.is_retiring:
            self._log.info("worker.retired", worker=worker.spec.name, exit_code=code)
        elif worker.is_renewing and code == 0:
            worker.start_at_mono_s = now
            self._log.info("worker.ended_to_renew", worker=worker.spec.name)
        else:
            self._lost(worker, code, now)

    def _lost(self, worker: WorkerProcess, code: int, now: float) -> None:
        worker.spec.on_loss()
        delay_s = worker.restart_delay_s(now)
        worker.start_at_mono_s = now + delay_s
        self._count_loss(worker, "exit" if code >= 0 else "killed")
        self._log.error(
            "worker.lost",
            worker=worker.spec.name,
            exit_code=code,
            lived_s=round(worker.lived_s(now), 1),
            restart_in_s=round(delay_s, 2),
        )

    def _count_loss(self, worker: WorkerProcess, cause: str) -> None:
        self._restarts[worker.spec.name, cause] += 1

    # The end.

    def end_workers(self) -> None:
        """End all workers, phase by phase, so that each can still hand on what it holds."""
        until = time.monotonic() + self.drain_total_s
        for phase in sorted({w.spec.phase for w in self._workers}):
            workers = [w for w in self._workers if w.spec.phase == phase and w.is_running]
            for worker in workers:
                worker.stop()
            phase_s = self.drain_phase_s.get(phase, self.drain_total_s)
            deadline = min(until, time.monotonic() + phase_s)
            self._await_end(workers, deadline)
            for worker in workers:
                if worker.is_running:
                    self._log.warning("worker.killed_at_end", worker=worker.spec.name)
                    worker.kill()
            self._await_end(workers, time.monotonic() + 1.0)

    def _await_end(self, workers: Sequence[WorkerProcess], deadline: float) -> None:
        while any(w.is_running for w in workers) and time.monotonic() < deadline:
            for worker in workers:
                worker.reap()
            self._turned_mono_s = time.monotonic()
            time.sleep(0.02)
