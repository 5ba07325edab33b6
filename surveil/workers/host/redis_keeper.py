"""Keep the embedded Redis running; called in the supervisor's loop, and never holds it up."""

from __future__ import annotations

import time

from surveil.backoff import Backoff
from surveil.errors import SurveilError
from surveil.events.embedded import READY_S, EmbeddedRedis
from surveil.events.pulse import Pulse
from surveil.logs import get_logger
from surveil.workers.host.restarts import RestartBudget

HUNG_S = 15.0
"""A server that says nothing for so long is replaced. It may be busy for some seconds with a slow
disk or a large command, and says that it is loading while it does."""


class RedisKeeper:
    """Replaces a server that has ended or fallen silent.

    Args:
        server: Started already, by the thread that calls :meth:`tend`.
        budget: Shared with the workers.
        hung_s: Silence after which the server is replaced.
    """

    def __init__(
        self, server: EmbeddedRedis, budget: RestartBudget, *, hung_s: float = HUNG_S
    ) -> None:
        self._server = server
        self._budget = budget
        self._hung_s = hung_s
        self._backoff = Backoff()
        self._pulse = Pulse(server.socket_path)
        self._started_mono_s = time.monotonic()
        self._again_mono_s: float | None = None
        self._was_answering = True
        self._log = get_logger("supervisor")

    def tend(self, now: float) -> None:
        """Look after the server once; ``now`` is monotonic."""
        if not self._server.is_running():
            self._replace(now)
            return
        self._pulse.turn(now)
        if self._pulse.has_answered and not self._was_answering:
            self._was_answering = True
            self._log.info("redis.restarted")
        patience_s = self._hung_s if self._was_answering else READY_S
        if self._pulse.silent_s > patience_s:
            self._log.error("redis.hung", silent_s=round(self._pulse.silent_s, 1))
            self._server.kill()

    def close(self) -> None:
        """Let go of the connection; the server goes on."""
        self._pulse.close()

    def _replace(self, now: float) -> None:
        if self._again_mono_s is None:
            delay_s = self._backoff.next_delay_s(now - self._started_mono_s)
            self._again_mono_s = now + delay_s
            self._log.error("redis.lost", restart_in_s=round(delay_s, 2))
        if now < self._again_mono_s or not self._budget.take(now):
            return
        self._again_mono_s = None
        self._started_mono_s = now
        self._was_answering = False
        self._pulse.reset()
        try:
            self._server.launch()
        except (SurveilError, OSError) as error:
            self._log.error("redis.start_failed", error=str(error))
