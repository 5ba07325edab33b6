"""Which seconds of a span can matter to rules: by sums of minutes, then by those of seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from surveil.domain import EMOTIONS
from surveil.rules.conditions import Condition
from surveil.rules.model import Rule
from surveil.rules.sparing import NOTICED_S, Bounds, Cells, Flags
from surveil.store.engine import Database, reading
from surveil.store.reading.minutes import read_minutes, read_seconds
from surveil.store.scope import Scope

MINUTE = timedelta(minutes=1)
MINUTE_S = 60
NEAR_MINUTES = 10
"""Minutes that lie so near to each other are read by one query."""
Rules = tuple[Rule, ...]


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
    def length_s(self) -> int:
        """How many seconds it has, the last one perhaps in part."""
        return ceil((self.until_at - self.from_at).total_seconds())

    def at(self, second: int) -> datetime:
        """Return when a second begins; the end for those behind it."""
        return min(self.until_at, self.from_at + timedelta(seconds=second))


@dataclass(frozen=True, slots=True)
class Times:
    """Of ``T`` consecutive seconds.

    Attributes:
        matters: Whether rules at rest can do something, shape ``(T,)``.
        forgets: Whether their hysteresis remembers nothing from before, shape ``(T,)``.
    """

    matters: Flags
    forgets: Flags


class Sieve:
    """Sums of some cameras over a span.

    Args:
        database: Where they are.
        cameras: Ids.
        span: When.
        rules: All that will be asked for.
    """

    def __init__(
        self, database: Database, cameras: Sequence[str], span: Span, rules: Rules
    ) -> None:
        self._database = database
        self._cameras = cameras
        self._scope = Scope.only(cameras)
        self._span = span
        back_s = max((_back_s(each) for rule in rules for each in rule.conditions), default=0.0)
        self._look = 1 + ceil((back_s + span.interval_s + span.lateness_s + 1) / MINUTE_S)
        count = self._look + ceil(span.length_s / MINUTE_S)
        since_at = span.at(-MINUTE_S * self._look)
        with reading(database) as connection:
            sums = [
                read_minutes(
                    connection, self._scope, camera, since_at, count, interval_s=span.interval_s
                )
                for camera in cameras
            ]
        self._minutes = Cells.together(
            [Cells(MINUTE_S, one.votes, one.faces, one.is_whole) for one in sums]
        )

    def times(self, groups: Sequence[Rules], from_s: int, until_s: int) -> list[Times]:
        """Return what can matter to each group of rules.

        Args:
            groups: Of the rules.
            from_s: First second of the span, a whole minute.
            until_s: Behind the last one.
        """
        if not self._span.spares:
            always = np.ones(until_s - from_s, bool)
            return [Times(always, always)] * len(groups)
        first, count = from_s // MINUTE_S, self._look + ceil((until_s - from_s) / MINUTE_S)
        minutes = _part(self._minutes, slice(first, first + count))
        coarse = [self._weigh(rules, minutes) for rules in groups]
        wanted = np.any([times.matters for times in coarse], axis=0)
        seconds = self._read_seconds(minutes, wanted, first) if wanted.any() else None
        inside = slice(MINUTE_S * self._look, MINUTE_S * self._look + until_s - from_s)
        found = []
        for rules, times in zip(groups, coarse, strict=True):
            matters, forgets = (
                np.repeat(flags, MINUTE_S) for flags in (times.matters, times.forgets)
            )
            if seconds is not None and times.matters.any():
                fine = self._weigh(rules, seconds)
                known = np.all([self._bounds(rule, seconds).is_seen() for rule in rules], axis=0)
                matters &= fine.matters | ~known
                forgets |= fine.forgets & known
                # What is true at an instant of the events may be told so much later.
                matters = seconds.lately(matters, self._span.lateness_s + 1)
            found.append(Times(matters[inside], forgets[inside]))
        return found

    def _weigh(self, rules: Rules, cells: Cells) -> Times:
        bounds = [self._bounds(rule, cells) for rule in rules]
        return Times(
            np.any([each.may_matter() for each in bounds], axis=0),
            np.all([each.forgets() for each in bounds], axis=0),
        )

    def _bounds(self, rule: Rule, cells: Cells) -> Bounds:
        return Bounds(rule, cells, self._span.interval_s, self._span.lateness_s)

    def _read_seconds(self, minutes: Cells, wanted: Flags, first: int) -> Cells:
        """Return the sums of the seconds around wanted minutes.

        Those that do not add up to their minute's are not whole: crowds have no single faces, and
        rows may be deleted before the sums are.

        Args:
            minutes: With some before the first one that counts.
            wanted: Which of them.
            first: Place of the first one that counts, in the span.
        """
        count = len(wanted)
        votes = {emotion: np.zeros(count * MINUTE_S, np.int64) for emotion in EMOTIONS}
        is_read = np.zeros(count, bool)
        start_at = self._span.from_at + (first - self._look) * MINUTE
        with reading(self._database) as connection:
            for begin, end in _stretches(np.flatnonzero(wanted), self._look):
                is_read[begin:end] = True
                inside = slice(begin * MINUTE_S, end * MINUTE_S)
                at, length = start_at + begin * MINUTE, (end - begin) * MINUTE_S
                for camera in self._cameras:
                    sums = read_seconds(connection, self._scope, camera, at, length)
                    for emotion, counts in sums.items():
                        votes[emotion][inside] += counts
        adds_up = np.all(
            [votes[e].reshape(-1, MINUTE_S).sum(axis=1) == minutes.votes[e] for e in EMOTIONS],
            axis=0,
        )
        return Cells(
            length_s=1,
            votes=votes,
            faces=np.sum(list(votes.values()), axis=0),
            is_whole=np.repeat(minutes.is_whole & is_read & adds_up, MINUTE_S),
            cameras=minutes.cameras,
        )


def _back_s(condition: Condition) -> float:
    return max(condition.over_s, condition.warm_up_s) + NOTICED_S


def _part(cells: Cells, inside: slice) -> Cells:
    return Cells(
        cells.length_s,
        {emotion: counts[inside] for emotion, counts in cells.votes.items()},
        cells.faces[inside],
        cells.is_whole[inside],
        cells.cameras,
    )


def _stretches(
    wanted: np.ndarray[tuple[int], np.dtype[np.int64]], look: int
) -> list[tuple[int, int]]:
    """Return from where to where to read, to have the minutes wanted and those before them."""
    found: list[tuple[int, int]] = []
    for place in wanted.tolist():
        begin = max(0, place - look)
        if found and begin <= found[-1][1] + NEAR_MINUTES:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((begin, place + 1))
    return found
