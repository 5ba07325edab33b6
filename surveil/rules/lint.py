"""What is valid in a rule and yet a mistake, as far as that can be told without any event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from surveil.durations import format_duration
from surveil.rules.keys import By
from surveil.rules.model import NoData, Rule
from surveil.rules.plan import MAX_KEYS
from surveil.rules.possibility import always_true, never_true
from surveil.rules.schedule import longest_s

CALM_S = 10.0
"""A rule that neither waits nor looks back for so long follows every glance."""
MANY_CAMERAS = 5
"""One cause that touches so many cameras sends a message for each."""


class Level(StrEnum):
    """How sure it is that nobody wants it so."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one rule.

    Attributes:
        level: ``error`` for what can never work, ``warning`` for what will be regretted.
        code: Its name, for programs.
        part: Key of the rule at which it stands; empty for the rule as a whole.
        message: What, and what to do.
    """

    level: Level
    code: str
    part: str
    message: str


@dataclass(frozen=True, slots=True)
class Site:
    """What rules are judged against.

    Attributes:
        cameras: Labels of the fleet's cameras, by id.
        interval_s: Length of its intervals.
        retention_s: For how long history is kept; None for ever.
    """

    cameras: Mapping[str, Mapping[str, str]]
    interval_s: float = 1.0
    retention_s: float | None = None


def lint(rule: Rule, rules: Sequence[Rule], site: Site) -> Iterator[Finding]:
    """Yield what is found in one rule of several."""
    cameras = [id_ for id_, labels in site.cameras.items() if rule.matches(id_, labels)]
    yield from _truth(rule, site)
    yield from _keys(rule, cameras, site)
    yield from _history(rule, site)
    yield from _storms(rule, rules, cameras)
    yield from _mutes(rule, rules)


def _truth(rule: Rule, site: Site) -> Iterator[Finding]:
    why = never_true(rule.when, rule.by, site.interval_s)
    if why:
        yield Finding(Level.ERROR, "never-true", "when", f"can never be true: {why}")
    why = always_true(rule.when, rule.by, site.interval_s)
    if why:
        yield Finding(Level.ERROR, "always-true", "when", f"is always true: {why}")
    if rule.schedule is not None:
        open_s = longest_s(rule.schedule)
        if rule.for_ > open_s:
            yield Finding(
                Level.ERROR,
                "never-true",
                "for",
                f"can never fire: 'for: {format_duration(rule.for_)}' is longer than the longest "
                f"window of its schedule, {format_duration(open_s)}",
            )
    if 0 < rule.for_ < site.interval_s:
        yield Finding(
            Level.WARNING,
            "for-below-interval",
            "for",
            f"is shorter than interval_s, {format_duration(site.interval_s)}: the first true "
            "interval fires, as without it",
        )


def _keys(rule: Rule, cameras: Sequence[str], site: Site) -> Iterator[Finding]:
    if not cameras:
        yield Finding(Level.ERROR, "no-camera", "", "is about no camera of this fleet")
        return
    keys = len(cameras)
    if rule.label is not None:
        keys = len({site.cameras[camera][rule.label] for camera in cameras})
    if rule.by in (By.CAMERA, By.LABEL) and keys > MAX_KEYS:
        yield Finding(
            Level.ERROR,
            "too-many-keys",
            "by",
            f"has {keys} alerts, of at most {MAX_KEYS}: choose fewer cameras, or 'by: site'",
        )


def _history(rule: Rule, site: Site) -> Iterator[Finding]:
    kept_s = site.retention_s
    if kept_s is not None and rule.over_s > kept_s:
        yield Finding(
            Level.ERROR,
            "beyond-retention",
            "when",
            f"looks back {format_duration(rule.over_s)}, but history is kept for "
            f"{format_duration(kept_s)} (retention: days)",
        )


def _storms(rule: Rule, rules: Sequence[Rule], cameras: Sequence[str]) -> Iterator[Finding]:
    if not rule.notify:
        return
    if rule.by is By.TRACK:
        message = "one message for each face that passes: 'by: camera' sends one for all"
        yield Finding(Level.WARNING, "storm", "by", message)
    clears = any(each.has_hysteresis for each in rule.conditions)
    if rule.for_ < CALM_S > rule.keep_firing_for and 0 < rule.over_s < CALM_S and not clears:
        message = (
            "follows every glance: a value near its bound sends message after message; give "
            "'keep_firing_for', 'for', 'clear_below' or a longer 'over'"
        )
        yield Finding(Level.WARNING, "storm", "when", message)
    if rule.no_data is NoData.FIRE and any(one.lookback for one in rule.conditions):
        message = (
            "fires for days at a new camera, of which nothing usual is known yet, and at each that "
            "nobody passes: use 'no_data: hold'"
        )
        yield Finding(Level.WARNING, "storm", "no_data", message)
    muted = any(
        fnmatchcase(rule.name, glob) for other in rules if other is not rule for glob in other.mutes
    )
    if rule.no_data is NoData.FIRE and len(cameras) >= MANY_CAMERAS and not muted:
        message = (
            f"one lost switch fires it for each of {len(cameras)} cameras: let a rule of "
            "health by site mute it, or use 'no_data: hold'"
        )
        yield Finding(Level.WARNING, "storm", "no_data", message)


def _mutes(rule: Rule, rules: Iterable[Rule]) -> Iterator[Finding]:
    for other in rules:
        mutual = other.name != rule.name and _mutes_it(rule, other) and _mutes_it(other, rule)
        if mutual and rule.name < other.name:
            message = f"{rule.name} and {other.name} mute each other: who is first is told alone"
            yield Finding(Level.WARNING, "mutual-mute", "mutes", message)


def _mutes_it(muter: Rule, muted: Rule) -> bool:
    return any(fnmatchcase(muted.name, glob) for glob in muter.mutes)
