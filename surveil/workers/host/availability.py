"""Wait for the servers that a worker needs; say once that one is away, and once that it is back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis

from surveil.backoff import Backoff
from surveil.errors import UnavailableError
from surveil.events.connection import explain
from surveil.logs import get_logger
from surveil.reminders import Reminder
from surveil.workers.host.lifeline import Lifeline

BEAT_S = 45.0
"""Longer than any time-out of a server that one step may meet."""

MOST_WAIT_S = 8.0
LAST_TRY_S = 0.25
"""Between the attempts of a worker that is to end."""

Result = TypeVar("Result")
_log = get_logger("worker")


class StoppedError(Exception):
    """The worker is to end while it waits for a server."""


class Availability:
    """What a worker knows of its servers. Used by its main thread alone.

    Args:
        lifeline: To the supervisor.
        drain_s: For how long a server is still asked once the worker was told to end.
    """

    def __init__(self, lifeline: Lifeline, *, drain_s: float = 0.0) -> None:
        self._lifeline = lifeline
        self._drain_s = drain_s
        self._away: dict[str, Reminder] = {}
        self._end_mono_s: float | None = None

    def wait_for(
        self,
        server: str,
        call: Callable[[], Result],
        *,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Result:
        """Call until it succeeds, with growing waits between.

        Args:
            server: ``sql``, ``redis`` or ``spool``, which the call needs.
            call: May be repeated.
            meanwhile: Called after each failure, once the wait is over.

        Raises:
            StoppedError: The worker is to end, and the server is away.
        """
        backoff = Backoff(most_s=MOST_WAIT_S)
        while True:
            self._lifeline.beat(BEAT_S, self._doing(server))
            try:
                result = call()
            except UnavailableError as error:
                self.miss(server, str(error))
            except redis.RedisError as error:
                self.miss(server, explain(error))
            else:
                self.find(server)
                return result
            self._lifeline.beat(BEAT_S, self._doing(server))
            if self.must_end():
                raise StoppedError
            if self._lifeline.stopping.wait(backoff.next_delay_s()):
                time.sleep(LAST_TRY_S)  # the event is set for good: it does not pace a last try
            meanwhile()

    def miss(self, server: str, reason: str) -> None:
        """Count and name a server that does not answer; the log has it at once, then hourly."""
        self._lifeline.ready(False)
        self._lifeline.telemetry.count("server_errors_total", server=server)
        trouble = self._away.setdefault(server, Reminder())
        if trouble.is_due():
            _log.warning("server.away", server=server, reason=reason, tries=trouble.tries)

    def find(self, server: str) -> None:
        """Take note that a server answers."""
        if self._away.pop(server, None) is not None:
            _log.info("server.back", server=server)

    def must_end(self) -> bool:
        """Return whether the time to drain is over; it begins when the worker is told to stop."""
        if not self._lifeline.stopping.is_set():
            return False
        if self._end_mono_s is None:
            self._end_mono_s = time.monotonic() + self._drain_s
        return time.monotonic() >= self._end_mono_s

    def _doing(self, server: str) -> str:
        return f"waiting for {server}" if server in self._away else f"working with {server}"
