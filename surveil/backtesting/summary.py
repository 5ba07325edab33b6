"""What a replay of rules comes to: how often, for how long, and against what really was told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from surveil.proportions import wilson_interval
from surveil.rules.instance import LIT, AlertState, Transition

MAX_KEYS = 10_000
"""Alerts that are told apart; of those beyond only the sums of their rule are kept."""
MAX_FIRINGS = 200_000
"""Firings of which is kept when they were, to be compared with what was told."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fired, from when until when; open at the end of what was replayed."""

    rule: str
    key: str
    from_at: datetime
    until_at: datetime

    @property
    def lasted_s(self) -> float:
        """For how long it fired, seconds."""
        return (self.until_at - self.from_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that fired while the daemon was at work.

    Attributes:
        verdict: ``right``, ``wrong`` or ``unclear``, as somebody marked it; or None.
    """

    rule: str
    key: str
    from_at: datetime
    until_at: datetime
    verdict: str | None = None


@dataclass(slots=True)
class RuleSum:
    """What one rule would have done.

    Attributes:
        firings: How often it would have fired.
        firing_s: For how many seconds, of all keys.
        by_key: The same by key: how often, seconds.
        kept: Alerts that were told and would have been, too.
        new: Firings that were not told.
        gone: Alerts that were told, and would not have been.
        right: Of those marked right: how many would have been told, and how many there are.
        wrong: Of those marked wrong, likewise.
    """

    firings: int = 0
    firing_s: float = 0.0
    by_key: dict[str, tuple[int, float]] = field(default_factory=dict)
    kept: int = 0
    new: int = 0
    gone: int = 0
    right: tuple[int, int] = (0, 0)
    wrong: tuple[int, int] = (0, 0)

    @property
    def precision(self) -> float | None:
        """Of the marked alerts that would have been told, the part marked right; None without."""
        judged = self.right[0] + self.wrong[0]
        return self.right[0] / judged if judged else None


def precision_words(one: RuleSum) -> str:
    """Return in words what marked alerts say of a rule: its precision, and from how many."""
    judged = one.right[0] + one.wrong[0]
    if not one.right[1] + one.wrong[1]:
        return "not marked"
    parts = f"{one.right[0]} of {one.right[1]} right, {one.wrong[0]} of {one.wrong[1]} wrong"
    if one.precision is None:
        return f"none of the marked ({parts})"
    low, high = wilson_interval(one.right[0], judged)
    return f"{one.precision:.0%} ({low:.0%} to {high:.0%}): {parts}"


def firings_of(steps: Iterable[Transition], until_at: datetime) -> Iterator[Firing]:
    """Yield each firing of alerts, from the steps of one part of the rules in order of time."""
    begun: dict[tuple[str, str], datetime] = {}
    for step in steps:
        name = (step.rule, step.key.text)
        if step.to_state is AlertState.FIRING and step.from_state not in LIT:
            begun[name] = step.at
        elif step.to_state is AlertState.RESOLVED and name in begun:
            yield Firing(*name, begun.pop(name), step.at)
    for name, from_at in begun.items():
        yield Firing(*name, from_at, until_at)


def sum_up(
    rules: Sequence[str], firings: Iterable[Firing], told: Sequence[Told]
) -> dict[str, RuleSum]:
    """Return the sums by rule.

    An alert that was told and a firing of the same rule and key that overlap are the same.

    Args:
        rules: Names of the rules that were replayed.
        firings: What would have fired; those of variants of a rule under names of their own.
        told: What really fired.
    """
    sums = {rule: RuleSum() for rule in rules}
    known: defaultdict[tuple[str, str], list[Firing]] = defaultdict(list)
    kept = 0
    for firing in firings:
        one = sums[firing.rule]
        one.firings += 1
        one.firing_s += firing.lasted_s
        if firing.key in one.by_key or len(one.by_key) < MAX_KEYS:
            count, seconds = one.by_key.get(firing.key, (0, 0.0))
            one.by_key[firing.key] = (count + 1, seconds + firing.lasted_s)
        if kept < MAX_FIRINGS:
            known[firing.rule, firing.key].append(firing)
            kept += 1
    for rule, one in sums.items():
        _compare(one, rule, known, [alert for alert in told if alert.rule == base_of(rule)])
    return sums


def base_of(name: str) -> str:
    """Return the rule of which a name tells a variant: ``crowd above=0.4`` is one of ``crowd``."""
    return name.partition(" ")[0]


def _compare(
    one: RuleSum,
    rule: str,
    known: defaultdict[tuple[str, str], list[Firing]],
    told: Sequence[Told],
) -> None:
    met: set[tuple[str, datetime]] = set()
    marks = {"right": [0, 0], "wrong": [0, 0]}
    for alert in told:
        same = [
            firing
            for firing in known.get((rule, alert.key), ())
            if firing.from_at <= alert.until_at and alert.from_at <= firing.until_at
        ]
        met |= {(firing.key, firing.from_at) for firing in same}
        one.kept += bool(same)
        one.gone += not same
        if alert.verdict in marks:
            marks[alert.verdict][0] += bool(same)
            marks[alert.verdict][1] += 1
    one.new = one.firings - len(met)
    one.right, one.wrong = (tuple(marks["right"]), tuple(marks["wrong"]))  # type: ignore[assignment]
