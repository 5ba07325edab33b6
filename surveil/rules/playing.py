"""Drive an engine through past or made-up events by a clock of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from surveil.domain import Event
from surveil.rules.engine import RuleEngine
from surveil.rules.instance import Transition
from surveil.rules.sequence import event_at

TICK_S = 0.25
"""How often the clock ticks, as the alerter's does."""


def play(
    engine: RuleEngine,
    events: Iterable[Event],
    *,
    start_at: datetime,
    until_at: datetime,
    tick_s: float = TICK_S,
) -> Iterator[Transition]:
    """Yield what follows of events, as it would if each came at the instant of which it tells last.

    Args:
        engine: Nobody else's.
        events: In order of those instants, none before ``start_at``.
        start_at: When the clock begins, on whose grid of ``tick_s`` it ticks.
        until_at: When it ends; later events are not looked at.
        tick_s: Seconds from tick to tick.
    """
    ticks, step = 0, timedelta(seconds=tick_s)
    tick_at = start_at
    for event in events:
        at = event_at(event)
        if at > until_at:
            break
        while tick_at < at:
            yield from engine.tick(tick_at)
            ticks += 1
            tick_at = start_at + ticks * step
        engine.tell(at)
        yield from engine.observe(event)
    while tick_at <= until_at:
        yield from engine.tick(tick_at)
        ticks += 1
        tick_at = start_at + ticks * step
