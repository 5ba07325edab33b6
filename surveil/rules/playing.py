"""Drive an engine through past or made-up events by a clock of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from math import ceil

from surveil.domain import Event
from surveil.rules.clock import TICK_S
from surveil.rules.engine import RuleEngine
from surveil.rules.instance import Transition
from surveil.rules.sequence import event_at


class Player:
    """An engine and a clock that nobody but events moves.

    Args:
        engine: Nobody else's.
        start_at: When the clock begins, on whose grid of ``tick_s`` it ticks.
        tick_s: Seconds from tick to tick.
    """

    def __init__(self, engine: RuleEngine, start_at: datetime, tick_s: float = TICK_S) -> None:
        self.engine = engine
        self._start_at = start_at
        self._tick_s = tick_s
        self._ticks = 0
        self._tick_at = start_at

    def play(self, events: Iterable[Event], until_at: datetime) -> Iterator[Transition]:
        """Yield what follows of events, each coming at the instant of which it tells last.

        Args:
            events: In order of those instants, none before what was played; those after
                ``until_at`` are not looked at.
            until_at: Up to and with which the clock goes on.
        """
        for event in events:
            at = event_at(event)
            if at > until_at:
                break
            yield from self._pass_time(at, is_end=False)
            self.engine.tell(at)
            yield from self.engine.observe(event)
        yield from self._pass_time(until_at, is_end=True)

    def _pass_time(self, until_at: datetime, *, is_end: bool) -> Iterator[Transition]:
        """Tick up to an instant, and at it if it is the end; not where that changes nothing."""
        while self._tick_at < until_at or (is_end and self._tick_at == until_at):
            idle_s = self.engine.idle_until_s
            if idle_s > self._tick_at.timestamp():
                idle_s = min(idle_s, until_at.timestamp()) - self._start_at.timestamp()
                self._ticks = max(self._ticks + 1, ceil(idle_s / self._tick_s))
            else:
                yield from self.engine.tick(self._tick_at)
                self._ticks += 1
            self._tick_at = self._start_at + timedelta(seconds=self._ticks * self._tick_s)
