"""Takes messages from an outbox to one receiver, until each is delivered or given up.

Each receiver has a courier in a thread of its own: one that is down delays neither the others nor
the evaluation of rules.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from surveil.errors import UnavailableError
from surveil.notify.board import Snapshot
from surveil.notify.circuit import Circuit, CircuitState
from surveil.notify.receiver import (
    Attempt,
    Notice,
    Outcome,
    Receiver,
    StateReceiver,
    detail_of,
    try_once,
)
from surveil.notify.schedule import GIVE_UP_S, LONGEST_PAUSE_S, delay_s
from surveil.wallclock import WatchedClock

SHOW_EVERY_S = 2.0
"""How often a receiver that shows states is given the present one."""
IDLE_S = 1.0
"""How long a courier sleeps when nothing is due and nobody wakes it."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A message in the outbox; ``attempts`` counts those that failed."""

    notice: Notice
    created_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an attempt ended: ``state`` is ``delivered``, ``failed`` or ``pending``.

    ``makes_due`` makes all that waits for the receiver due, since it answers again.
    """

    id: str
    state: str
    attempts: int
    error: str | None
    at: datetime
    next_attempt_at: datetime | None = None
    makes_due: bool = False


class Outbox(Protocol):
    """What is owed to one receiver; kept where the alerts are.

    All methods raise :class:`surveil.errors.UnavailableError` while that place is away. A
    settlement that was not written leads to one more attempt with the same id.
    """

    def due(self, now_at: datetime) -> Sequence[Owed]:
        """Return messages to try now, the oldest first, a bounded number."""

    def settle(self, settlement: Settlement) -> None:
        """Write down how an attempt ended."""

    def make_due(self, now_at: datetime) -> None:
        """Make all that waits due."""


class Courier:
    """The deliveries of one receiver.

    Args:
        name: Of the receiver.
        receiver: Whom to tell.
        outbox: What is owed to it.
        on_attempt: Called after each attempt with ``delivered``, ``retried`` or ``failed``, and
            the reason; with ``unshown`` if the present could not be shown.
        on_circuit: Called with the state of the receiver's circuit, often.
        snapshot: What there is to show, for receivers that show states.
        clock: The wall clock.
    """

    def __init__(
        self,
        name: str,
        receiver: Receiver,
        outbox: Outbox,
        on_attempt: Callable[[str, str], None],
        *,
        on_circuit: Callable[[CircuitState], None] = lambda state: None,
        snapshot: Callable[[], Snapshot] | None = None,
        clock: WatchedClock | None = None,
    ) -> None:
        self.name = name
        self.wake = threading.Event()
        self._receiver = receiver
        self._outbox = outbox
        self._on_attempt = on_attempt
        self._clock = clock or WatchedClock()
        self._now = self._clock.now
        self._random = random.Random()  # noqa: S311  jitter, not a secret
        self._circuit = Circuit(self._random)
        self._on_circuit = on_circuit
        self._snapshot = snapshot
        self._show_mono_s = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Deliver until told to stop; the main function of the courier's thread."""
        while not stopping.is_set():
            self.wake.clear()
            try:
                pause_s = self.round(stopping)
            except UnavailableError:
                pause_s = IDLE_S  # the alerter itself tells of the database
            self._on_circuit(self._circuit.state)
            if self._circuit.state is CircuitState.OPEN:
                _wait(stopping, pause_s)
            elif pause_s:
                self.wake.wait(pause_s)
        self._receiver.close()

    def round(self, stopping: threading.Event) -> float:
        """Try what is due, and return for how many seconds to rest.

        An unreachable receiver is asked with one message a round, at growing distances; one that
        asked to be left alone is left alone.
        """
        self._circuit.try_again()
        self._on_circuit(self._circuit.state)
        now_at, step_s = self._clock.read()
        if step_s < 0:
            self._outbox.make_due(now_at)  # what was due soon would wait for the old time
        for owed in self._outbox.due(now_at):
            if stopping.is_set():
                return 0.0
            attempt = try_once(self._receiver, owed.notice, self._now())
            was_away = attempt.is_reachable and self._circuit.answer()
            self._settle(owed, attempt, was_away=was_away)
            if not attempt.is_reachable:
                return self._circuit.fail(attempt.retry_after_s)
            if was_away:
                return 0.0  # what waited is due now
        self._show(now_at)
        return IDLE_S

    def _show(self, now_at: datetime) -> None:
        """Show the present; what fails is shown the next time, and messages are tried first."""
        receiver = self._receiver
        if self._snapshot is None or not isinstance(receiver, StateReceiver):
            return
        if time.monotonic() < self._show_mono_s:
            return
        try:
            attempt = receiver.show(self._snapshot(), now_at)
        except Exception as error:  # noqa: BLE001  counted as any failure; shown again
            attempt = Attempt(Outcome.RETRY, detail_of(error))
        pause_s = SHOW_EVERY_S
        if attempt.outcome is not Outcome.DELIVERED:
            self._on_attempt("unshown", attempt.detail)
            pause_s = LONGEST_PAUSE_S / 4
        self._show_mono_s = time.monotonic() + pause_s

    def _settle(self, owed: Owed, attempt: Attempt, *, was_away: bool) -> None:
        now_at, attempts = self._now(), owed.attempts + 1
        delay = timedelta(
            seconds=max(delay_s(attempts, self._random.random()), attempt.retry_after_s or 0.0)
        )
        if attempt.outcome is Outcome.DELIVERED:
            state = "delivered"
        elif attempt.outcome is Outcome.GONE or now_at + delay > owed.created_at + timedelta(
            seconds=GIVE_UP_S
        ):
            state = "failed"
        else:
            state = "pending"
        self._on_attempt("retried" if state == "pending" else state, attempt.detail)
        self._outbox.settle(
            Settlement(
                id=owed.notice.id,
                state=state,
                attempts=attempts,
                error=attempt.detail or None,
                at=now_at,
                next_attempt_at=now_at + delay if state == "pending" else None,
                makes_due=was_away,
            )
        )


def _wait(stopping: threading.Event, pause_s: float) -> None:
    """Rest, whoever calls; only the end interrupts."""
    deadline = time.monotonic() + pause_s
    while not stopping.wait(min(0.5, max(0.0, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            return
