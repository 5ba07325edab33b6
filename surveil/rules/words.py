"""Rules in plain words: for ``surveil rules explain``, for pages, for whoever is woken by one."""

from __future__ import annotations

from collections.abc import Iterable

from surveil.durations import format_duration
from surveil.rules.conditions import Compared, Condition
from surveil.rules.keys import By
from surveil.rules.model import NoData, Rule
from surveil.rules.tree import AnyOf, Not, Sequence, Tree, members_of

_INDENT = "  "


def in_words(rule: Rule) -> list[str]:
    """Return a rule in plain words, one statement a line; all that it says is in them.

    The first line says what the alerts are about, the next ones when they fire, as an indented
    list where there are several conditions; then what happens meanwhile, and who is told.
    """
    return [
        _subject(rule),
        *_when(rule),
        *_duration(rule),
        _unknown(rule),
        *_hours(rule),
        *_told(rule),
    ]


def tree_in_words(tree: Tree, depth: int = 0) -> list[str]:
    """Return the conditions of a rule, one a line, groups indented."""
    indent = _INDENT * depth
    if isinstance(tree, Condition):
        return [f"{indent}- {condition_in_words(tree)}"]
    if isinstance(tree, Not) and isinstance(tree.not_, Condition):
        return [f"{indent}- it is known not to hold that {condition_in_words(tree.not_)}"]
    lines = [f"{indent}- {_head(tree)}:"]
    for member in members_of(tree):
        lines += tree_in_words(member, depth + 1)
    return lines


def condition_in_words(condition: Condition) -> str:
    """Return one condition as the rest of a sentence that begins with *when*."""
    if not isinstance(condition, Compared):
        return condition.words
    return f"{condition.words} is {_comparison(condition)}"


def _subject(rule: Rule) -> str:
    cameras = "every camera" if rule.cameras == ("*",) else f"cameras {_list(rule.cameras, 'or')}"
    if rule.except_:
        cameras += f" except {_list(rule.except_, 'and')}"
    if rule.where:
        labels = [f"{name} is {value}" for name, value in rule.where.items()]
        cameras += f" whose {_list(labels, 'and')}"
    alerts = {
        By.CAMERA: "one alert for each",
        By.TRACK: "one alert for each face",
        By.SITE: "one alert for all of them together",
        By.LABEL: f"one alert for each value of their label {rule.label}",
    }[rule.by]
    return f"{rule.name} watches {cameras}: {alerts}."


def _when(rule: Rule) -> list[str]:
    tree = rule.when
    if isinstance(tree, tuple) and len(tree) == 1:
        tree = tree[0]
    if isinstance(tree, Condition):
        return [f"It is true while {condition_in_words(tree)}."]
    if isinstance(tree, Not) and isinstance(tree.not_, Condition):
        return [f"It is true while it is known not to hold that {condition_in_words(tree.not_)}."]
    lines = [f"It is true while {_head(tree)}:"]
    for member in members_of(tree):
        lines += tree_in_words(member, 1)
    return lines


def _head(tree: Tree) -> str:
    if isinstance(tree, AnyOf):
        return "at least one of these holds"
    if isinstance(tree, Not):
        return "this is known not to hold"
    if isinstance(tree, Sequence):
        within = format_duration(tree.within)
        return f"the last of these holds, having become true in this order, each within {within}"
    return "all of these hold"


def _comparison(condition: Compared) -> str:
    if condition.between is not None:
        low, high = (condition.say(bound) for bound in condition.between)
        text = f"between {low} and {high}"
    else:
        name = next(n for n in ("above", "below", "at_least", "at_most") if _has(condition, n))
        text = f"{name.replace('_', ' ')} {condition.say(condition.threshold)}"
    clears = []
    if condition.clear_below is not None:
        clears.append(f"below {condition.say(condition.clear_below)}")
    if condition.clear_above is not None:
        clears.append(f"above {condition.say(condition.clear_above)}")
    return text + (f" (once true, until it is {' or '.join(clears)})" if clears else "")


def _has(condition: Compared, name: str) -> bool:
    return getattr(condition, name) is not None


def _duration(rule: Rule) -> list[str]:
    lines = ["It fires at once."]
    if rule.for_:
        lines = [f"It fires once that has been true for {format_duration(rule.for_)}."]
    if rule.keep_firing_for:
        kept = format_duration(rule.keep_firing_for)
        return [*lines, f"It is over once that has been false for {kept}."]
    return [*lines, "It is over as soon as that is false."]


def _unknown(rule: Rule) -> str:
    return {
        NoData.HOLD: "While that cannot be known, nothing changes, and no time is counted.",
        NoData.RESOLVE: "While that cannot be known, it counts as false.",
        NoData.FIRE: "While that cannot be known, it counts as true.",
    }[rule.no_data]


def _hours(rule: Rule) -> list[str]:
    if rule.schedule is None:
        return []
    times = _list(rule.schedule.times, "and")
    return [f"It is at work {times} ({rule.schedule.zone}); outside of that it rests."]


def _told(rule: Rule) -> list[str]:
    lines = []
    if rule.mutes:
        rules = _list(rule.mutes, "or")
        lines.append(
            f"While it fires, nobody is told of alerts of {rules} that begin about its cameras."
        )
    if rule.labels:
        labels = [f"{name} {value}" for name, value in rule.labels.items()]
        lines.append(f"It is labelled {_list(labels, 'and')}.")
    lines += [f"Its {name} reads: {text}" for name, text in rule.annotations.items()]
    told = f"Told: {_list(rule.notify, 'and')}." if rule.notify else "Nobody is told."
    return [*lines, told]


def _list(words: Iterable[str], last: str) -> str:
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end
