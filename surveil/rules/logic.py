"""Three-valued evaluation of a rule's conditions (Kleene's strong logic of indeterminacy)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from surveil.rules.conditions import Condition
from surveil.rules.reading import View
from surveil.rules.tree import AllOf, AnyOf, Not, Tree

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
        value: Measured by the first true condition, else by the first with a value.
        threshold: What that condition compared it with.
    """

    truth: Truth
    latches: tuple[bool, ...]
    value: float | None
    threshold: float | None


def judge(
    tree: Tree, conditions: Sequence[Condition], view: View, latches: Sequence[bool]
) -> Judgement:
    """Evaluate a tree; ``conditions`` are its leaves from left to right."""
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
    return Judgement(
        truth=_fold(tree, iter(truths)),
        latches=tuple(
            latched if truth is None else truth
            for truth, latched in zip(truths, latches, strict=True)
        ),
        value=shown[1] if shown else None,
        threshold=shown[2] if shown else None,
    )


def _fold(tree: Tree, leaves: Iterable[Truth]) -> Truth:
    """Combine the truths of the leaves, taken from an iterator in the order of the tree."""
    leaves = iter(leaves)
    if isinstance(tree, tuple):
        return all_of([_fold(member, leaves) for member in tree])
    if isinstance(tree, AllOf):
        return all_of([_fold(member, leaves) for member in tree.all])
    if isinstance(tree, AnyOf):
        return any_of([_fold(member, leaves) for member in tree.any])
    if isinstance(tree, Not):
        return negation(_fold(tree.not_, leaves))
    return next(leaves)
