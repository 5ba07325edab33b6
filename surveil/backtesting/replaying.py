"""Replay one part of the rules over what SQL remembers, and only the time that can matter.

The engine is the daemon's. Where the sums of the minutes show that no rule at rest can become true,
nothing is read. Before each time that is read, windows are filled from what came before it, and the
engine watches for a while in which nothing can happen, until what it remembers of hysteresis no
longer depends on what was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from math import ceil, isfinite

import numpy as np

from surveil.backtesting.shards import Shard, apart
from surveil.backtesting.sieve import Sieve, Span, Times
from surveil.baselines import SqlBaselines
from surveil.domain import Event
from surveil.errors import UnavailableError
from surveil.rules.engine import RuleEngine
from surveil.rules.instance import ACTIVE, Transition
from surveil.rules.model import NoData, Rule
from surveil.rules.playing import Player
from surveil.rules.sequence import event_at
from surveil.rules.sparing import NOTICED_S, Flags
from surveil.store.engine import Connection, Database, reading
from surveil.store.reading.replay import replay
from surveil.store.scope import Scope

DAY_S = 86400
"""How much is looked at together, to know what can be left out."""
CHUNK_S = 3600
CALM_S = 30
"""Length of a chunk in which nothing new can happen, while an alert is not at rest yet."""


class Reel:
    """Stored events in order of time, a piece at a time.

    Args:
        scope: Of which cameras.
        from_at: The first piece begins with the events that began then.
    """

    def __init__(self, scope: Scope, from_at: datetime) -> None:
        self._scope = scope
        self._at = from_at
        self._held: list[Event] = []
        self.count = 0

    def take(self, connection: Connection, until_at: datetime) -> Iterator[Event]:
        """Yield the events that tell of nothing after an instant, and were not taken before."""
        held, self._held = self._held, []
        fresh = replay(connection, self._scope, self._at, until_at)
        for event in merge(held, fresh, key=_place):
            if event_at(event) > until_at:
                self._held.append(event)
                continue
            self.count += 1
            yield event
        self._at = until_at


@dataclass(slots=True)
class _Take:
    """An engine that plays, and what it plays from."""

    player: Player
    reel: Reel

    def play(self, connection: Connection, until_at: datetime) -> Iterator[Transition]:
        return self.player.play(self.reel.take(connection, until_at), until_at)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing that it holds can lead to a transition by itself."""
        return not any(
            alert.state in ACTIVE or any(isfinite(mark_s) for mark_s in alert.marks)
            for alert in self.player.engine.alerts()
        )


class Replay:
    """One part of the rules over a span of time.

    Args:
        database: Where the history is.
        shard: Which rules and cameras.
        labels: Of the cameras, by id.
        span: When, and how.
        report: Called with the seconds done since the last call.
    """

    def __init__(
        self,
        database: Database,
        shard: Shard,
        labels: Mapping[str, Mapping[str, str]],
        span: Span,
        report: Callable[[int], None] = lambda seconds: None,
    ) -> None:
        self._span = span
        self._report = report
        self._sieve = Sieve(database, shard.cameras, span, shard.rules)
        self._strands = [
            _Strand(database, replace(shard, rules=rules), labels, span)
            for rules in apart(shard.rules)
        ]

    @property
    def events(self) -> int:
        """How many were evaluated."""
        return sum(strand.events for strand in self._strands)

    def run(self) -> Iterator[Transition]:
        """Yield all that alerts would have done; of each rule in order of time."""
        groups = [strand.rules for strand in self._strands]
        for from_s in range(0, self._span.length_s, DAY_S):
            until_s = min(self._span.length_s, from_s + DAY_S)
            for strand, times in zip(
                self._strands, self._sieve.times(groups, from_s, until_s), strict=True
            ):
                yield from strand.play(times, from_s)
            self._report(until_s - from_s)


class _Strand:
    """Rules that must be replayed together, over some cameras.

    Args:
        database: Where the history is.
        shard: Which rules and cameras.
        labels: Of the cameras, by id.
        span: When, and how.

    Attributes:
        events: How many were read.
    """

    def __init__(
        self,
        database: Database,
        shard: Shard,
        labels: Mapping[str, Mapping[str, str]],
        span: Span,
    ) -> None:
        self.events = 0
        self._misses: list[UnavailableError] = []
        self._database = database
        self._shard = shard
        self._span = span
        self._scope = Scope.only(shard.cameras)
        self._labels = {id_: labels.get(id_, {}) for id_ in shard.cameras}
        self._baselines = SqlBaselines(database, shard.rules, self._labels, self._misses.append)
        self._take: _Take | None = None
        self._is_awake = False
        self._place = 0
        self._forgot_s = -1
        conditions = [each for rule in shard.rules for each in rule.conditions]
        watch_s = [
            each.warm_up_s
            for rule in shard.rules
            if rule.no_data is not NoData.HOLD
            for each in rule.conditions
        ]
        if any(each.follows_clock for each in conditions):
            watch_s.append(NOTICED_S)
        self._pad = 1 + ceil(max(watch_s, default=0.0) + span.lateness_s)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Which."""
        return self._shard.rules

    def play(self, times: Times, from_s: int) -> Iterator[Transition]:
        """Yield what alerts would have done in some seconds, in order of time.

        Args:
            times: Of those seconds, which follow the ones played before.
            from_s: The first of them, in the span.

        Raises:
            UnavailableError: The database cannot be reached.
        """
        if times.matters.any() or self._is_awake:
            with reading(self._database) as connection:
                yield from self._play(connection, times, from_s)
        self._forgot_s = _last(times.forgets, from_s, self._forgot_s)

    def _play(self, connection: Connection, times: Times, from_s: int) -> Iterator[Transition]:
        matters, until_s = times.matters, from_s + len(times.matters)
        while self._place < until_s:
            if not self._is_awake:
                ahead = matters[max(0, self._place - from_s) :]
                first = int(ahead.argmax()) if len(ahead) else 0
                if not ahead[first]:
                    break
                self._wake(connection, until_s - len(ahead) + first, times.forgets, from_s)
            take = self._take
            assert take is not None
            self._place = from_s + _chunk_end(matters, self._place - from_s, self._pad)
            before = take.reel.count
            yield from take.play(connection, self._span.at(self._place))
            self.events += take.reel.count - before
            if self._misses:
                raise self._misses[0]
            soon = matters[self._place - from_s :][: self._pad]
            self._is_awake = bool(soon.any()) or not take.is_at_rest

    def _wake(self, connection: Connection, first: int, forgets: Flags, from_s: int) -> None:
        """Have an engine that has watched for long enough before something may happen.

        Args:
            connection: In a transaction that reads.
            first: The second in which it may.
            forgets: When hysteresis remembers nothing.
            from_s: The second of which ``forgets`` tells first.
        """
        begin = _last(forgets[: max(0, first - self._pad - from_s)], from_s, self._forgot_s)
        if self._take is None or begin > self._place:
            self._place = max(begin, self._place)
            self._take = self._start(connection, self._place)

    def _start(self, connection: Connection, second: int) -> _Take:
        """Return an engine that knows what its windows must hold at a second."""
        shard, at = self._shard, self._span.at(second)
        engine = RuleEngine(
            shard.rules,
            shard.cameras,
            start_at=at,
            labels=self._labels,
            lateness_s=self._span.lateness_s,
            history=self._baselines,
        )
        engine.stand_for(self._span.ready_at, inference_is_watched=shard.is_inference_watched)
        reel = Reel(self._scope, at - timedelta(seconds=engine.horizon_s))
        past = list(reel.take(connection, at))
        reel.count = 0
        progress: dict[str, int] = {}
        for event in past:
            progress[event.run] = max(event.seq, progress.get(event.run, 0))
        engine.restore((), progress, past)
        return _Take(Player(engine, at), reel)


def _place(event: Event) -> tuple[datetime, str, int]:
    return event_at(event), event.run, event.seq


def _chunk_end(matters: Flags, place: int, pad: int) -> int:
    """Return where to look whether the rest can be left out: behind the next seconds that matter.

    Args:
        matters: Which seconds do.
        place: Where to go on.
        pad: How long before those an engine begins.
    """
    ahead = matters[place : place + CHUNK_S]
    active, near = np.flatnonzero(ahead), 2 * pad
    if not len(active) or active[0] > near:
        return min(len(matters), place + CALM_S)
    breaks = np.flatnonzero(np.diff(active) > near)
    last = active[breaks[0]] if len(breaks) else active[-1]
    return place + int(last) + 1


def _last(flags: Flags, from_s: int, otherwise: int) -> int:
    """Return the last second that is flagged."""
    back = int(flags[::-1].argmax()) if len(flags) else 0
    return from_s + len(flags) - 1 - back if len(flags) and flags[-1 - back] else otherwise
