"""What is right alone and wrong together: rules against the fleet that they watch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from surveil.config.document import Document, Location
from surveil.config.privacy import Privacy
from surveil.config.problems import Problem
from surveil.domain import Emotion
from surveil.policy import Mode
from surveil.rules.conditions import Compared, Condition
from surveil.rules.keys import By
from surveil.rules.measures import MEASURES
from surveil.rules.measures.faces import FacesCondition
from surveil.rules.model import Rule

Placed = tuple[Rule, Document, Location]
"""A valid rule, and where it is written."""


class Watched(Protocol):
    """What a rule must know of a camera; a :class:`surveil.config.Camera`."""

    @property
    def id(self) -> str: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def privacy(self) -> Privacy: ...


class Watching(Protocol):
    """What rules must know of their fleet; a :class:`surveil.config.Fleet`."""

    @property
    def interval_s(self) -> float: ...
    @property
    def taxonomy(self) -> str | None: ...
    @property
    def cameras(self) -> Mapping[str, Watched]: ...


def find_contradictions(rules: Iterable[Placed], fleet: Watching) -> Iterator[Problem]:
    """Yield one problem for each part of a rule that this fleet can never give a meaning."""
    classes = None if fleet.taxonomy is None else _classes_of(fleet.taxonomy)
    for rule, document, location in rules:
        watched = [one for one in fleet.cameras.values() if rule.matches(one.id, one.labels)]
        if watched and not any(one.enabled for one in watched):
            names = ", ".join(one.id for one in watched[:5])
            yield document.problem(
                (*location, "cameras"), f"the rule is only about cameras that are disabled: {names}"
            )
        yield from _indiscretions(rule, watched, document, location)
        written = _conditions(document.at((*location, "when")), (*location, "when"))
        for condition, place in zip(rule.conditions, written, strict=True):
            for below, message in _contradictions(condition, fleet.interval_s):
                yield document.problem((*place, *below), message)
            emotion = emotion_of(condition)
            if classes is not None and emotion is not None and emotion not in classes:
                yield document.problem(
                    (*place, condition.keyword, "emotion"),
                    f"taxonomy {fleet.taxonomy!r} never tells {emotion.value!r};"
                    f" it has {', '.join(classes)}",
                )


def _indiscretions(
    rule: Rule, watched: Iterable[Watched], document: Document, location: Location
) -> Iterator[Problem]:
    """Yield what a rule asks that a camera of its own does not tell: of single faces."""
    groups = [one for one in watched if one.privacy.mode is Mode.AGGREGATE]
    if not groups:
        return
    first, least = groups[0].id, max(one.privacy.min_group for one in groups)
    why = f"camera {first} tells of groups alone (privacy.mode: aggregate)"
    if rule.by is By.TRACK:
        yield document.problem((*location, "by"), f"{why}: 'by: track' is about one face")
    written = _conditions(document.at((*location, "when")), (*location, "when"))
    for condition, place in zip(rule.conditions, written, strict=True):
        options = getattr(condition, condition.keyword)
        if condition.keyword == "rate":
            yield document.problem(place, f"{why}: 'rate' counts beginnings of single tracks")
        elif getattr(options, "min_confidence", 0.0):
            message = f"{why}: 'min_confidence' chooses among single faces"
            yield document.problem((*place, condition.keyword, "min_confidence"), message)
        elif isinstance(condition, FacesCondition) and _lowest(condition) < least:
            message = f"{why}, of {least} at least: 'faces' is compared with {least} or more"
            yield document.problem(place, message)


def _lowest(condition: Compared) -> float:
    """Return the lowest number that a condition is compared with."""
    clear = [one for one in (condition.clear_below, condition.clear_above) if one is not None]
    return min([condition.threshold, *clear])


def _contradictions(condition: Condition, interval_s: float) -> Iterator[tuple[Location, str]]:
    if condition.follows_clock and condition.warm_up_s <= interval_s:
        message = f"must be longer than interval_s, {interval_s:g} s: else every interval is late"
        yield ("silent_for",), message
    if 0 < condition.over_s < interval_s:
        message = f"must be at least interval_s, {interval_s:g} s: else no interval fits in"
        place = (condition.keyword, "over") if isinstance(condition, Compared) else ("over",)
        yield place, message


def emotion_of(condition: Condition) -> Emotion | None:
    """Return the expression that a condition asks for, if it asks for one."""
    emotion = getattr(getattr(condition, condition.keyword), "emotion", None)
    return emotion if isinstance(emotion, Emotion) else None


def _conditions(when: Any, location: Location) -> Iterator[Location]:
    """Yield where the conditions of a ``when`` stand, from left to right."""
    if isinstance(when, list):
        for index, member in enumerate(when):
            yield from _conditions(member, (*location, index))
    elif any(keyword in when for keyword in MEASURES):
        yield location
    else:
        for group, members in when.items():
            if not isinstance(members, (list, dict)):
                continue
            yield from _conditions(members, (*location, group))


def _classes_of(taxonomy: str) -> tuple[Emotion, ...]:
    # Here: NumPy comes with it, for 0.15 s that few fleets need.
    from surveil.models.taxonomy import find_taxonomy

    return find_taxonomy(taxonomy).classes
