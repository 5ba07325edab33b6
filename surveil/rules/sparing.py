"""When in the past a rule can matter, by the sums of votes of minutes, or of seconds, alone.

Most of the time of most cameras cannot make a rule true: nobody shows the emotion, or too few
people are there. What is said here errs on one side only: a time left out can set off nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveil.domain import EMOTIONS, Emotion
from surveil.rules.conditions import Compared, Condition
from surveil.rules.keys import By
from surveil.rules.measures.change import ChangeCondition
from surveil.rules.measures.faces import FacesCondition
from surveil.rules.measures.health import HealthCondition
from surveil.rules.measures.mean import MeanCondition
from surveil.rules.measures.rate import RateCondition
from surveil.rules.measures.share import ShareCondition
from surveil.rules.model import NoData, Rule
from surveil.rules.tree import AnyOf, Not, Tree, members_of
from surveil.rules.tree import Sequence as SequenceOf

NOTICED_S = 60.0
"""How long before a silence is long enough the engine must watch, to know of it."""
LOOSE = 1e-9
"""Values are compared to so much."""
Flags = NDArray[np.bool_]
Floors = Mapping[float, NDArray[Any]]
NO_FLOORS: Floors = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums of ``N`` consecutive cells of time, of one camera or of several together.

    Attributes:
        length_s: Of a cell.
        votes: By emotion, of the intervals that began in a cell, shape ``(N,)``.
        faces: Votes of all emotions, shape ``(N,)``.
        is_whole: Whether all of the cell was analysed in intervals of the usual length, and nothing
            was said of the camera's state, shape ``(N,)``.
        cameras: How many they are of.
    """

    length_s: float
    votes: Mapping[Emotion, NDArray[np.int64]]
    faces: NDArray[np.int64]
    is_whole: Flags
    cameras: int = 1

    @classmethod
    def together(cls, several: Sequence[Cells]) -> Cells:
        """Return the sums of several cameras."""
        if len(several) == 1:
            return several[0]
        return cls(
            length_s=several[0].length_s,
            votes={e: np.sum([one.votes[e] for one in several], axis=0) for e in EMOTIONS},
            faces=np.sum([one.faces for one in several], axis=0),
            is_whole=np.all([one.is_whole for one in several], axis=0),
            cameras=len(several),
        )

    def reach(self, back_s: float) -> int:
        """Return how many cells a time may touch that ends in a cell and is ``back_s`` long."""
        return 1 + ceil(back_s / self.length_s)

    def lately(self, flags: Flags, back_s: float) -> Flags:
        """Return in which cells a time that ends there and is so long may touch a flagged one."""
        return np.asarray(_sums(flags.astype(np.int64), self.reach(back_s)) > 0, bool)


class Bounds:
    """What the sums of cells say of a rule, at any instant within a cell.

    Args:
        rule: Which.
        cells: The sums.
        interval_s: Length of an interval.
        lateness_s: How long an event may be waited for.
    """

    def __init__(self, rule: Rule, cells: Cells, interval_s: float, lateness_s: float) -> None:
        self._rule = rule
        self._cells = cells
        self._interval_s = interval_s
        self._lateness_s = lateness_s
        self._never = np.zeros(len(cells.faces), bool)

    def may_matter(self) -> Flags:
        """Return when the rule, at rest, may become true, shape ``(N,)``."""
        matters = self._may_be_true(self._rule.when)
        if self._rule.no_data is NoData.FIRE:
            matters = matters | ~self.is_seen()
        return matters

    def forgets(self) -> Flags:
        """Return when its hysteresis remembers nothing from before, shape ``(N,)``.

        Since the last evaluation, at the latest, found each of those conditions false.
        """
        kept = self._never
        for each in self._rule.conditions:
            if each.has_hysteresis:
                kept = kept | ~self._was_seen(each.over_s) | self._condition(each, NO_FLOORS)
        return ~self._cells.lately(kept, self._interval_s) if kept.any() else ~kept

    def is_seen(self) -> Flags:
        """Return when all of its windows was analysed, and is known in time, shape ``(N,)``."""
        return self._was_seen(self._rule.over_s)

    def _may_be_true(self, tree: Tree, floors: Floors = NO_FLOORS) -> Flags:
        """Return when a tree may be true.

        Args:
            tree: The conditions.
            floors: By length of window: the least number of votes in it that other conditions,
                which must hold as well, ask for.
        """
        if isinstance(tree, Condition):
            return self._condition(tree, floors)
        if isinstance(tree, Not):
            return ~self._never
        members = members_of(tree)
        if isinstance(tree, (AnyOf, SequenceOf)):
            flags = [self._may_be_true(member) for member in members]
            return np.asarray(np.any(flags, axis=0), bool)
        raised = dict(floors)
        for member in members:
            if isinstance(member, FacesCondition):
                known = raised.get(member.over_s, self._never)
                raised[member.over_s] = np.maximum(known, self._votes_of_faces(member))
        flags = [self._may_be_true(member, raised) for member in members]
        return np.asarray(np.all(flags, axis=0), bool)

    def _condition(self, condition: Condition, floors: Floors) -> Flags:
        """Return when a condition may be true, whether or not it was before."""
        over_s, cells = condition.over_s, self._cells
        anybody = self._most(cells.faces, over_s)
        if isinstance(condition, HealthCondition):
            if condition.silent_for is not None:
                return cells.lately(~cells.is_whole, condition.silent_for + NOTICED_S)
            return anybody > 0
        least = _least(condition) if isinstance(condition, Compared) else None
        if isinstance(condition, ChangeCondition):
            # Whether its hours tell anything is not known here. Without a vote a share is false all
            # the same; a number of faces may be unknown, and then stays what it was.
            is_share = condition.change.of != "faces"
            is_false = is_share or (bool(least and least > 0) and not condition.has_hysteresis)
            spares = is_false and self._rule.no_data is not NoData.FIRE
            return anybody > 0 if spares else ~self._never
        if isinstance(condition, ShareCondition | MeanCondition):
            if least is None or least <= 0 or isinstance(condition, MeanCondition):
                return anybody > 0
            won = self._most(cells.votes[condition.share.emotion], over_s)
            votes = np.maximum(floors.get(over_s, 1.0), condition.share.min_faces)
            votes = np.maximum(votes, self._fewest_votes(over_s))
            return (won > 0) & (won + LOOSE >= (least - LOOSE) * votes)
        if isinstance(condition, FacesCondition | RateCondition) and least and least > 0:
            emotion = condition.options.emotion
            values = cells.faces if emotion is None else cells.votes[emotion]
            seen = self._most(values, over_s)
            if isinstance(condition, RateCondition):
                return (seen > 0) & (seen + LOOSE >= least * over_s / 2 / condition.rate.per)
            if not self._counts_intervals:
                return seen > 0
            # An interval with so many faces adds as many votes to its cell.
            full = self._most((values + LOOSE) // (least - LOOSE), over_s)
            return full >= self._most_of_its_intervals(over_s)
        return ~self._never

    @property
    def _counts_intervals(self) -> bool:
        return self._rule.by is By.CAMERA and self._cells.cameras == 1

    def _votes_of_faces(self, condition: FacesCondition) -> NDArray[np.float64]:
        """Return how many votes must be in a condition's window if it holds."""
        least = _least(condition) or 0.0
        if not self._counts_intervals or least <= 0:
            return np.ones(self._never.shape)
        needed = (least - LOOSE) * self._most_of_its_intervals(condition.over_s)
        return np.maximum(1.0, needed)

    def _most_of_its_intervals(self, over_s: float) -> NDArray[np.float64]:
        """Return the fewest intervals of a window that have its median of faces, or more."""
        members = over_s / self._interval_s
        count = np.where(self._was_seen(over_s), members - 2, members / 2 - 2)
        return np.ceil(np.maximum(1, count) / 2)

    def _was_seen(self, over_s: float) -> Flags:
        """Return whether all of a window was analysed, and is known by the time it is looked at."""
        cells = self._cells
        return ~cells.lately(~cells.is_whole, over_s + self._interval_s + self._lateness_s)

    def _most(self, values: NDArray[Any], over_s: float) -> NDArray[Any]:
        """Return the sum over all cells that a window's intervals may have begun in."""
        return _sums(values, self._cells.reach(over_s + self._interval_s))

    def _fewest_votes(self, over_s: float) -> NDArray[np.int64]:
        """Return the sum over those cells all of whose intervals are in the window."""
        cells = self._cells
        if self._rule.by is By.TRACK:
            return np.zeros(self._never.shape, np.int64)
        newest = 1 + ceil(self._interval_s / cells.length_s)
        count = int(over_s / cells.length_s) - newest
        if count <= 0:
            return np.zeros(self._never.shape, np.int64)
        sums = np.zeros(self._never.shape, np.int64)
        sums[newest:] = _sums(cells.faces, count)[:-newest]
        return np.where(self._was_seen(over_s), sums, 0)


def _sums(values: NDArray[Any], count: int) -> NDArray[Any]:
    """Return the sums of so many consecutive values, of which each is the last."""
    total = np.concatenate([[0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    return np.asarray(total[ends] - total[np.maximum(0, ends - count)])


def _least(condition: Compared) -> float | None:
    """Return the least value with which a condition may be or stay true; None without one."""
    bounds = [condition.above, condition.at_least]
    bounds += [condition.between[0]] if condition.between is not None else []
    given = [bound for bound in bounds if bound is not None]
    if not given:
        return None
    return min([*given, *([] if condition.clear_below is None else [condition.clear_below])])
