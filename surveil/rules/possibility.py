"""Whether conditions can be true at all, or false at all: by what they say, before any event.

Values are compared to so many decimals (:data:`surveil.rules.instants.LOOSE`), so those that make a
condition true are closed ranges of whole numbers of the last decimal. Conditions on the same
measure with the same options see the same value: their ranges are intersected or united.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from math import inf

from surveil.rules.conditions import Compared, Condition
from surveil.rules.instants import LOOSE
from surveil.rules.keys import By
from surveil.rules.tree import AllOf, AnyOf, Branch, Not, Sequence, Tree, members_of

Range = tuple[float, float]
"""First and last value, both included, in units of the last decimal that counts."""
_UNIT = 10**LOOSE


def never_true(tree: Tree, by: By, interval_s: float) -> str:
    """Return why a tree can never be true, or nothing if it can.

    Args:
        tree: The conditions.
        by: What the rule's alerts are about.
        interval_s: Of the fleet.
    """
    if isinstance(tree, Condition):
        return _no_track_counts_so_far(tree) if by is By.TRACK else ""
    if isinstance(tree, Not):
        return always_true(tree.not_, by, interval_s)
    whys = [never_true(member, by, interval_s) for member in members_of(tree)]
    if isinstance(tree, AnyOf):
        return whys[0] if all(whys) else ""
    if isinstance(tree, Sequence) and tree.within < interval_s:
        return "'within' is shorter than an interval, so nothing can follow in time"
    if any(whys):
        return next(filter(None, whys))
    return "" if isinstance(tree, Sequence) else _contradiction(tree)


def always_true(tree: Tree, by: By, interval_s: float) -> str:
    """Return why a tree is true whenever anything is known, or nothing if it can be false."""
    if isinstance(tree, (Condition, Sequence)):
        return ""
    if isinstance(tree, Not):
        return never_true(tree.not_, by, interval_s)
    whys = [always_true(member, by, interval_s) for member in members_of(tree)]
    if not isinstance(tree, AnyOf):
        return whys[0] if all(whys) else ""
    if any(whys):
        return next(filter(None, whys))
    for conditions in _by_measure(_literals(tree, AnyOf, positive=True)).values():
        free = [_limits(conditions[0][0])]
        for condition, positive in conditions:
            free = _intersect(free, _ranges(condition, positive=not positive))
        if not free:
            return f"whatever {conditions[0][0].words} is, one of its conditions holds"
    return ""


def _contradiction(tree: Tree) -> str:
    literals = list(_literals(tree, AllOf, positive=True))
    for conditions in _by_measure(literals).values():
        left = [_limits(conditions[0][0])]
        for condition, positive in conditions:
            left = _intersect(left, _ranges(condition, positive=positive))
        if not left and len(conditions) > 1:
            return f"{conditions[0][0].words} cannot be all that is asked at once"
    return _more_than_all(condition for condition, positive in literals if positive)


def _more_than_all(conditions: Iterable[Compared]) -> str:
    """Parts of one whole: two emotions cannot both have more than half of the same votes."""
    least: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for condition in conditions:
        options = condition.options
        if condition.limits[1] == 1.0 and condition.keyword in ("share", "mean"):
            rest = options.model_dump(mode="json", exclude={"emotion"})
            parts = least[condition.keyword + json.dumps(rest, sort_keys=True)]
            first = min(low for low, _ in _ranges(condition, positive=True))
            parts[options.emotion] = max(first, parts.get(options.emotion, 0))
    for parts in least.values():
        if sum(parts.values()) > _UNIT:
            return f"{' and '.join(parts)} together would have more than all of the votes"
    return ""


def _no_track_counts_so_far(condition: Condition) -> str:
    """A single face is one face, however long it is looked at."""
    if condition.keyword == "faces" and isinstance(condition, Compared):
        if not _intersect(_ranges(condition, positive=True), [(0.0, _UNIT)]):
            return "with 'by: track' there is never more than one face"
    elif getattr(condition.options, "min_faces", 1) > 1:
        return "with 'by: track' there are never several faces, which 'min_faces' asks for"
    return ""


def _literals(tree: Tree, group: type, *, positive: bool) -> Iterable[tuple[Compared, bool]]:
    """Yield the conditions that a group joins, and whether each is to hold or not to."""
    if isinstance(tree, Compared):
        yield tree, positive
    elif isinstance(tree, Not):
        yield from _literals(tree.not_, group, positive=not positive)
    elif isinstance(tree, (tuple, AllOf, AnyOf)) and (_joins(tree, positive=positive) is group):
        for member in members_of(tree):
            yield from _literals(member, group, positive=positive)


def _joins(tree: tuple[Branch, ...] | AllOf | AnyOf, *, positive: bool) -> type:
    """Return which group a group is, once what negates it has gone into its members."""
    return AnyOf if isinstance(tree, AnyOf) is positive else AllOf


def _by_measure(
    literals: Iterable[tuple[Compared, bool]],
) -> dict[str, list[tuple[Compared, bool]]]:
    groups: defaultdict[str, list[tuple[Compared, bool]]] = defaultdict(list)
    for condition, positive in literals:
        options = condition.options.model_dump_json()
        groups[f"{condition.keyword} {options}"].append((condition, positive))
    return dict(groups)


def _limits(condition: Compared) -> Range:
    least, greatest = condition.limits
    return least * _UNIT, greatest * _UNIT


def _ranges(condition: Compared, *, positive: bool) -> list[Range]:
    """Return the values with which a condition can be true, or those with which it can be false.

    What was true stays so up to the ``clear_…`` bound, so the two overlap. A value that is not
    there (nobody was seen) is in neither.
    """
    low, high = _limits(condition)
    bound = round(condition.threshold * _UNIT)
    if condition.between is not None:
        first, last = (float(round(each * _UNIT)) for each in condition.between)
    elif condition.above is not None or condition.at_least is not None:
        first, last = float(bound + (condition.above is not None)), high
    else:
        first, last = low, float(bound - (condition.below is not None))
    if not positive:
        return _intersect([(-inf, first - 1), (last + 1, inf)], [(low, high)])
    if condition.clear_below is not None:
        first = min(first, round(condition.clear_below * _UNIT))
    if condition.clear_above is not None:
        last = max(last, round(condition.clear_above * _UNIT))
    return _intersect([(first, last)], [(low, high)])


def _intersect(some: Iterable[Range], others: Iterable[Range]) -> list[Range]:
    others = list(others)
    pairs = [(max(a[0], b[0]), min(a[1], b[1])) for a in some for b in others]
    return [pair for pair in pairs if pair[0] <= pair[1] and not pair[0] == pair[1] == inf]
