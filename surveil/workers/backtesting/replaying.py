"""Replay one part of the rules over what SQL remembers, and only the time that can matter.

The engine is the daemon's. Where the sums of the minutes show that no rule at rest can become true,
nothing is read. Before each time that is read, windows are filled from what came before it, and the
engine watches for a while in which nothing can happen, until what it remembers of hysteresis no
longer depends on what was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from math import ceil, isfinite

import numpy as np

from surveil.domain import Event
from surveil.rules.engine import RuleEngine
from surveil.rules.instance import ACTIVE, Transition
from surveil.rules.model import NoData, Rule
from surveil.rules.playing import Player
from surveil.rules.sequence import event_at
from surveil.rules.sparing import Flags, Minutes, may_matter
from surveil.store.engine import Database, reading
from surveil.store.reading.minutes import read_minutes
from surveil.store.reading.replay import replay
from surveil.store.scope import Scope
from surveil.workers.backtesting.shards import Shard

CHUNK_MINUTES = 60
CALM_MINUTES = 5
"""Length of a chunk in which nothing new can happen, while an alert is not at rest yet."""
LOOKS_BACK = (1, 8, 64)
"""How much farther back it begins if that was not enough."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """What is replayed, and how.

    Attributes:
        from_at: Start, a whole minute.
        until_at: End.
        interval_s: Of the fleet.
        lateness_s: Of the daemon's engine.
        spares: Leave out what cannot matter.
        ready_at: When inference was first heard of in it, of any camera; None for never.
    """

    from_at: datetime
    until_at: datetime
    interval_s: float
    lateness_s: float
    spares: bool = True
    ready_at: datetime | None = None

    @property
    def minutes(self) -> int:
        """How many minutes it has, the last one perhaps in part."""
        return ceil((self.until_at - self.from_at) / MINUTE)

    def at(self, minute: int) -> datetime:
        """Return when a minute begins; the end for those behind it."""
        return min(self.until_at, self.from_at + minute * MINUTE)


class Reel:
    """Stored events in order of time, a piece at a time.

    Args:
        database: Where they are.
        scope: Of which cameras.
        from_at: The first piece begins with the events that began then.
    """

    def __init__(self, database: Database, scope: Scope, from_at: datetime) -> None:
        self._database = database
        self._scope = scope
        self._at = from_at
        self._held: list[Event] = []
        self.count = 0

    def take(self, until_at: datetime) -> Iterator[Event]:
        """Yield the events that tell of nothing after an instant, and were not taken before."""
        held, self._held = self._held, []
        with reading(self._database) as connection:
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

    def play(self, until_at: datetime) -> Iterator[Transition]:
        return self.player.play(self.reel.take(until_at), until_at)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing that it holds can lead to a transition by itself."""
        return not any(
            alert.state in ACTIVE or any(isfinite(mark_s) for mark_s in alert.marks)
            for alert in self.player.engine.alerts()
        )

    @property
    def latches(self) -> dict[tuple[str, str], tuple[bool, ...]]:
        return {(a.rule.name, a.key.text): a.latches for a in self.player.engine.alerts()}


class Replay:
    """One part of the rules over a span of time.

    Args:
        database: Where the history is.
        shard: Which rules and cameras.
        labels: Of the cameras, by id.
        span: When, and how.
        report: Called with the minutes done since the last call.

    Attributes:
        events: How many were read.
    """

    def __init__(
        self,
        database: Database,
        shard: Shard,
        labels: Mapping[str, Mapping[str, str]],
        span: Span,
        report: Callable[[int], None] = lambda minutes: None,
    ) -> None:
        self.events = 0
        self._database = database
        self._shard = shard
        self._labels = labels
        self._span = span
        self._report = report
        self._scope = Scope.only(shard.cameras)
        watch_s = max(
            (
                condition.warm_up_s + span.lateness_s
                for rule in shard.rules
                if rule.no_data is not NoData.HOLD
                for condition in rule.conditions
            ),
            default=0.0,
        )
        self._pad = 1 + ceil(watch_s / 60)

    def run(self) -> Iterator[Transition]:
        """Yield all that alerts would have done, in order of time."""
        count, matters = self._span.minutes, self._matters()
        place, told = 0, 0
        take: _Take | None = None
        while place < count:
            ahead = np.flatnonzero(matters[place:])
            if not len(ahead):
                break
            place, take, steps = self._wake(place, place + int(ahead[0]), take)
            yield from steps
            while place < count:
                place = self._chunk_end(place, matters)
                before = take.reel.count
                yield from take.play(self._span.at(place))
                self.events += take.reel.count - before
                self._report(place - told)
                told = place
                if not matters[place : place + self._pad].any() and take.is_at_rest:
                    break
        self._report(count - told)

    def _wake(
        self, place: int, first: int, take: _Take | None
    ) -> tuple[int, _Take, list[Transition]]:
        """Return an engine that has watched for long enough before something may happen.

        Args:
            place: The minute up to which all is played.
            first: The minute in which something may happen.
            take: The engine that played up to there.

        Returns:
            The minute up to which it has played, it, and what happened meanwhile.
        """
        for factor in LOOKS_BACK:
            begin = first - factor * self._pad
            if begin <= place:
                break
            fresh = self._start(begin)
            if not _has_hysteresis(self._shard.rules):
                return begin, fresh, []
            other = self._start(begin)
            for alert in other.player.engine.alerts():
                alert.latches = (True,) * len(alert.latches)
            steps = list(fresh.play(self._span.at(first)))
            list(other.play(self._span.at(first)))
            self.events += fresh.reel.count + other.reel.count
            if fresh.latches == other.latches:
                return first, fresh, steps
        return place, take or self._start(place), []

    def _matters(self) -> Flags:
        """Return in which minutes the rules of the part can do something."""
        span = self._span
        if not span.spares:
            return np.ones(span.minutes, bool)
        with reading(self._database) as connection:
            sums = [
                read_minutes(connection, self._scope, camera, span.from_at, span.minutes)
                for camera in self._shard.cameras
            ]
        minutes = Minutes.together([Minutes(one.votes, one.faces, one.is_whole) for one in sums])
        flags = [may_matter(rule, minutes, span.interval_s) for rule in self._shard.rules]
        return np.asarray(np.any(flags, axis=0))

    def _chunk_end(self, place: int, matters: Flags) -> int:
        """Return where to look whether the rest can be left out: after the next active minutes."""
        active = np.flatnonzero(matters[place : place + CHUNK_MINUTES])
        near = 2 * self._pad
        if not len(active) or active[0] > near:
            return min(self._span.minutes, place + CALM_MINUTES)
        breaks = np.flatnonzero(np.diff(active) > near)
        last = active[breaks[0]] if len(breaks) else active[-1]
        return min(self._span.minutes, place + int(last) + 1)

    def _start(self, minute: int) -> _Take:
        """Return an engine that knows what its windows must hold at a minute."""
        shard, at = self._shard, self._span.at(minute)
        engine = RuleEngine(
            shard.rules,
            shard.cameras,
            start_at=at,
            labels={id_: self._labels.get(id_, {}) for id_ in shard.cameras},
            lateness_s=self._span.lateness_s,
        )
        engine.stand_for(self._span.ready_at, inference_is_watched=shard.is_inference_watched)
        reel = Reel(self._database, self._scope, at - timedelta(seconds=engine.horizon_s))
        past = list(reel.take(at))
        reel.count = 0
        progress: dict[str, int] = {}
        for event in past:
            progress[event.run] = max(event.seq, progress.get(event.run, 0))
        engine.restore((), progress, past)
        return _Take(Player(engine, at), reel)


def _place(event: Event) -> tuple[datetime, str, int]:
    return event_at(event), event.run, event.seq


def _has_hysteresis(rules: tuple[Rule, ...]) -> bool:
    return any(each.has_hysteresis for rule in rules for each in rule.conditions)
