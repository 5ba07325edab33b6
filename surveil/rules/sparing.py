"""Which minutes of the past can matter to a rule, by sums of each minute alone.

Most minutes of most cameras cannot make a rule true: nobody shows the emotion, or too few people
are there. What is said here errs on one side only: a minute left out can set off nothing.
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
from surveil.rules.measures.faces import FacesCondition
from surveil.rules.measures.health import HealthCondition
from surveil.rules.measures.mean import MeanCondition
from surveil.rules.measures.rate import RateCondition
from surveil.rules.measures.share import ShareCondition
from surveil.rules.model import NoData, Rule
from surveil.rules.tree import AnyOf, Not, Tree, members_of
from surveil.rules.tree import Sequence as SequenceOf

MINUTE_S = 60.0
Flags = NDArray[np.bool_]
Floors = Mapping[float, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Minutes:
    """Sums of consecutive minutes, of one camera or of several together.

    Attributes:
        votes: By emotion, shape ``(N,)``.
        faces: Votes of all emotions, shape ``(N,)``.
        is_whole: Whether all of the minute was analysed and nothing was said of the camera's state,
            shape ``(N,)``.
        cameras: How many they are of.
    """

    votes: Mapping[Emotion, NDArray[np.int64]]
    faces: NDArray[np.int64]
    is_whole: Flags
    cameras: int = 1

    @classmethod
    def together(cls, several: Sequence[Minutes]) -> Minutes:
        """Return the sums of several cameras."""
        if len(several) == 1:
            return several[0]
        return cls(
            votes={e: np.sum([one.votes[e] for one in several], axis=0) for e in EMOTIONS},
            faces=np.sum([one.faces for one in several], axis=0),
            is_whole=np.all([one.is_whole for one in several], axis=0),
            cameras=len(several),
        )


def may_matter(rule: Rule, minutes: Minutes, interval_s: float) -> Flags:
    """Return in which minutes a rule that is at rest may become true, shape ``(N,)``."""
    bounds = _Bounds(rule, minutes, interval_s)
    matters = bounds.may_be_true(rule.when)
    if rule.no_data is NoData.FIRE:
        matters = matters | bounds.lately(~minutes.is_whole, rule.over_s)
    return matters


class _Bounds:
    def __init__(self, rule: Rule, minutes: Minutes, interval_s: float) -> None:
        self._rule = rule
        self._minutes = minutes
        self._interval_s = interval_s
        self._never = np.zeros(len(minutes.faces), bool)

    def may_be_true(self, tree: Tree, floors: Floors = MappingProxyType({})) -> Flags:
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
            flags = [self.may_be_true(member) for member in members]
            return np.asarray(np.any(flags, axis=0), bool)
        raised = dict(floors)
        for member in members:
            if isinstance(member, FacesCondition):
                known = raised.get(member.over_s, self._never)
                raised[member.over_s] = np.maximum(known, self._floor(member))
        flags = [self.may_be_true(member, raised) for member in members]
        return np.asarray(np.all(flags, axis=0), bool)

    def lately(self, flags: Flags, over_s: float) -> Flags:
        """Return in which minutes a window of that length may touch one that is flagged."""
        return np.asarray(self._sum(flags.astype(np.int64), over_s) > 0, bool)

    def _sum(self, values: NDArray[np.int64], over_s: float) -> NDArray[np.int64]:
        """Return per minute the sum over all minutes that a window which ends in it may touch."""
        count = 1 + ceil((over_s + self._interval_s) / MINUTE_S)
        total = np.concatenate([[0], np.cumsum(values)])
        ends = np.arange(1, len(values) + 1)
        return np.asarray(total[ends] - total[np.maximum(0, ends - count)])

    def _condition(self, condition: Condition, floors: Floors) -> Flags:
        over_s, minutes = condition.over_s, self._minutes
        anybody = self._sum(minutes.faces, over_s)
        if isinstance(condition, HealthCondition):
            if condition.silent_for is not None:
                return self.lately(~minutes.is_whole, condition.silent_for + MINUTE_S)
            return anybody > 0
        least = _least(condition) if isinstance(condition, Compared) else None
        if isinstance(condition, ShareCondition | MeanCondition):
            if least is None or least <= 0 or isinstance(condition, MeanCondition):
                return anybody > 0
            won = self._sum(minutes.votes[condition.share.emotion], over_s)
            votes = np.maximum(floors.get(over_s, 1.0), condition.share.min_faces)
            return (won > 0) & (won >= least * votes)
        if isinstance(condition, FacesCondition | RateCondition) and least and least > 0:
            emotion = condition.options.emotion
            seen = anybody if emotion is None else self._sum(minutes.votes[emotion], over_s)
            if isinstance(condition, FacesCondition):
                return (seen > 0) & (seen >= self._floor(condition))
            return (seen > 0) & (seen >= least * over_s / 2 / condition.rate.per)
        return ~self._never

    def _floor(self, condition: FacesCondition) -> NDArray[np.float64]:
        """Return how many votes must be in a condition's window if it holds.

        At least half of its intervals have as many faces as their median says.
        """
        least, over_s = _least(condition) or 0.0, condition.over_s
        ones = np.ones(self._never.shape)
        if self._rule.by is not By.CAMERA or self._minutes.cameras > 1 or least <= 0:
            return ones
        whole = ~self.lately(~self._minutes.is_whole, over_s)
        members = over_s / self._interval_s
        count = np.where(whole, members - 2, members / 2 - 2)
        return np.maximum(ones, least * np.ceil(np.maximum(1, count) / 2))


def _least(condition: Compared) -> float | None:
    """Return the least value with which a condition may be or stay true; None without one."""
    bounds = [condition.above, condition.at_least]
    bounds += [condition.between[0]] if condition.between is not None else []
    given = [bound for bound in bounds if bound is not None]
    if not given:
        return None
    return min([*given, *([] if condition.clear_below is None else [condition.clear_below])])
