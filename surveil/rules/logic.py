"""Three-valued evaluation of a rule's conditions (Kleene's strong logic of indeterminacy)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from surveil.rules.conditions import Condition
from surveil.rules.instants import reaches
from surveil.rules.reading import View
from surveil.rules.tree import AnyOf, Not, Tree, members_of
from surveil.rules.tree import Sequence as SequenceOf

Truth = bool | None
"""``None`` is unknown; it is never treated as false."""


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return false if one is false, else unknown if one is unknown, else true."""
    known = list(truths)
    if False in known:
        return False
    return None if None in known else True


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return true if one is true, else unknown if one is unknown, else false."""
    known = list(truths)
    if True in known:
        return True
    return None if None in known else False


def negation(truth: Truth) -> Truth:
    """Return the opposite; unknown stays unknown."""
    return None if truth is None else not truth


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule's conditions came to at one instant.

    Attributes:
        truth: Of the whole tree.
        latches: Per condition, from left to right, whether it was true when last known.
        marks: Per member of a sequence, when it was last true in its turn; ``-inf`` for never.
        value: Measured by the first true condition, else by the first with a value.
        threshold: What that condition compared it with.
    """

    truth: Truth
    latches: tuple[bool, ...]
    marks: tuple[float, ...]
    value: float | None
    threshold: float | None


def judge(
    tree: Tree,
    conditions: Sequence[Condition],
    view: View,
    latches: Sequence[bool],
    marks: Sequence[float] = (),
    at_s: float = 0.0,
) -> Judgement:
    """Evaluate a tree.

    Args:
        tree: All conditions.
        conditions: Its leaves from left to right.
        view: What they look at.
        latches: Of the last judgement.
        marks: Likewise.
        at_s: The instant; not before that of the last judgement.
    """
    truths: list[Truth] = []
    shown: tuple[bool, float, float] | None = None
    for condition, latched in zip(conditions, latches, strict=True):
        reading = condition.read(view)
        truth: Truth = None
        value = reading.value
        if reading.known or (reading.persists and latched):
            truth = value is not None and condition.holds(value, latched=latched)
            if value is not None and (shown is None or (truth and not shown[0])):
                shown = (truth, value, condition.threshold)
        truths.append(truth)
    fold = _Fold(iter(truths), iter(marks), at_s)
    return Judgement(
        truth=fold.of(tree),
        latches=tuple(
            latched if truth is None else truth
            for truth, latched in zip(truths, latches, strict=True)
        ),
        marks=tuple(fold.marked),
        value=shown[1] if shown else None,
        threshold=shown[2] if shown else None,
    )


class _Fold:
    """Combines the truths of the leaves, which are taken in the order of the tree."""

    def __init__(self, leaves: Iterator[Truth], marks: Iterator[float], at_s: float) -> None:
        self.marked: list[float] = []
        self._leaves = leaves
        self._marks = marks
        self._at_s = at_s

    def of(self, tree: Tree) -> Truth:
        """Return the truth of a tree, all of whose leaves are taken."""
        if isinstance(tree, Condition):
            return next(self._leaves)
        if isinstance(tree, SequenceOf):
            return self._in_turn(tree)
        truths = [self.of(member) for member in members_of(tree)]
        if isinstance(tree, Not):
            return negation(truths[0])
        return any_of(truths) if isinstance(tree, AnyOf) else all_of(truths)

    def _in_turn(self, tree: SequenceOf) -> Truth:
        marks = [next(self._marks) for _ in tree.sequence]
        truths = [self.of(member) for member in tree.sequence]
        before = list(marks)
        for place, truth in enumerate(truths):
            earlier_s = before[place - 1] if place else self._at_s
            follows = not place or (earlier_s < self._at_s and self._recent(earlier_s, tree))
            if truth and (follows or self._goes_on(place, truths, before)):
                marks[place] = self._at_s
            elif not self._recent(marks[place], tree) or (
                place == len(marks) - 1 and truth is False
            ):
                marks[place] = -inf
        self.marked += marks
        if truths[-1] and marks[-1] != self._at_s and None in truths:
            return None
        return None if truths[-1] is None else marks[-1] == self._at_s

    def _goes_on(self, place: int, truths: Sequence[Truth], before: Sequence[float]) -> bool:
        """Return whether the last member is true still, of a sequence that was complete."""
        return place == len(truths) - 1 and before[place] > -inf

    def _recent(self, mark_s: float, tree: SequenceOf) -> bool:
        return reaches(tree.within, self._at_s - mark_s)
