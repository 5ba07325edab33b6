"""Tests of rules: scenes, what is expected of alerts at instants, and whether it came so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from surveil.durations import Duration, format_duration
from surveil.rules.conditions import Strict
from surveil.rules.engine import RuleEngine, lateness_of
from surveil.rules.instance import AlertState, Transition
from surveil.rules.instants import LOOSE
from surveil.rules.model import Glob, LabelName, LabelValue, Name, Rule
from surveil.rules.playing import Player
from surveil.rules.scene_hours import SceneBaselines
from surveil.rules.scenes import Scene, length_s, parse_scenes, play_scenes
from surveil.rules.sequence import event_at

START_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When scenes begin unless a test says so: a Monday noon."""


def _check_scenes(text: str) -> str:
    parse_scenes(text)
    return text


Script = Annotated[str, Field(max_length=20_000), AfterValidator(_check_scenes)]
CameraId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class SeenCamera(Strict):
    """A camera of a test; see :class:`RuleTest`."""

    scenes: Script
    before: Script | None = None
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict, max_length=32)


class Expectation(Strict):
    """What an alert must be at an instant.

    Attributes:
        at: Seconds from the start of the scenes; the state is that after everything of then.
        rule: Name of the rule.
        of: Key of the alert: a camera, ``site``, ``floor=2``; all of the rule's without one.
        is_: The state.
        value: What was measured when it was last known.
        annotations: Texts, as they read when the alert last changed.
        withheld: Why nobody was told, of an alert that fires; empty for told.
    """

    at: Duration
    rule: Name
    of: str | None = None
    is_: Annotated[AlertState, Field(alias="is")]
    value: float | None = None
    annotations: dict[LabelName, str] = Field(default_factory=dict)
    withheld: str | None = None


class RuleTest(Strict):
    """One test: what cameras see, and what is expected.

    Attributes:
        name: For whoever reads that it failed.
        scenes: What the only camera sees, which is then called ``camera``.
        before: What it saw before that, for rules that compare with what is usual; only summed up.
        camera: Its id.
        cameras: In place of these two: scenes of several, with labels if they need some.
        start: When the scenes begin, with an offset.
        rules: Globs of the rules that are at work; all by default.
        expect: In any order.
    """

    name: Annotated[str, Field(min_length=1, max_length=200)]
    scenes: Script | None = None
    before: Script | None = None
    camera: CameraId = "camera"
    cameras: Annotated[dict[CameraId, Script | SeenCamera], Field(max_length=100)] = Field(
        default_factory=dict
    )
    start: datetime = START_AT
    rules: tuple[Glob, ...] = ("*",)
    expect: Annotated[tuple[Expectation, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.scenes is None) is not bool(self.cameras):
            raise ValueError("give 'scenes' of one camera, or 'cameras' with scenes of each")
        if self.before is not None and self.cameras:
            raise ValueError("'before' goes with 'scenes'; give each of the 'cameras' its own")
        if self.start.tzinfo is None:
            raise ValueError("'start' needs an offset, such as 2026-03-29T00:30:00Z")
        longest_s = max(length_s(scenes) for scenes in self.scripts().values())
        for one in self.expect:
            if one.at > longest_s:
                after, ends = format_duration(one.at), format_duration(longest_s)
                raise ValueError(f"'at: {after}' is after the end of all scenes, {ends}")
        return self

    def scripts(self) -> dict[str, tuple[Scene, ...]]:
        """Return the scenes of each camera."""
        if self.scenes is not None:
            return {self.camera: parse_scenes(self.scenes)}
        return {
            id_: parse_scenes(one if isinstance(one, str) else one.scenes)
            for id_, one in self.cameras.items()
        }

    def baselines(self, interval_s: float) -> SceneBaselines:
        """Return what is usual at each camera."""
        baselines = SceneBaselines(interval_s)
        befores = {id_: one.before for id_, one in self.cameras.items() if not isinstance(one, str)}
        for id_, scenes in self.scripts().items():
            before = befores.get(id_, self.before)
            if before is not None:
                baselines.add_before(id_, parse_scenes(before), self.start)
            baselines.add(id_, scenes, self.start)
        return baselines

    def labels(self) -> dict[str, Mapping[str, str]]:
        """Return the labels of each camera that has some."""
        return {id_: one.labels for id_, one in self.cameras.items() if not isinstance(one, str)}


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not come true.

    Attributes:
        number: Of the expectation, from 0.
        message: What was expected, and what was.
    """

    number: int
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a test.

    Attributes:
        failures: Empty if all is as expected.
        history: What alerts did, one line each, for whoever looks for the reason.
    """

    failures: tuple[Failure, ...]
    history: tuple[str, ...]


def run_test(test: RuleTest, rules: Sequence[Rule], interval_s: float) -> Outcome:
    """Play the scenes of a test, and compare."""
    scripts = test.scripts()
    engine = RuleEngine(
        rules,
        scripts,
        start_at=test.start,
        labels=test.labels(),
        lateness_s=lateness_of(interval_s),
        history=test.baselines(interval_s),
    )
    until_s = max(length_s(scenes) for scenes in scripts.values())
    events = merge(
        *(play_scenes(id_, scenes, test.start, interval_s) for id_, scenes in scripts.items()),
        key=event_at,
    )
    until_at = test.start + timedelta(seconds=until_s)
    steps = list(Player(engine, test.start).play(events, until_at))
    came = _Came(steps, test.start)
    known = {alert.rule.name: set[str]() for alert in engine.alerts()}
    for alert in engine.alerts():
        known[alert.rule.name].add(alert.key.text)
    failures = []
    for number, wanted in enumerate(test.expect):
        message = came.judge(wanted, known.get(wanted.rule, set()))
        failures += [Failure(number, message)] if message else []
    return Outcome(tuple(failures), tuple(map(came.line, steps)))


class _Came:
    """What alerts did, by rule and key."""

    def __init__(self, steps: Sequence[Transition], start_at: datetime) -> None:
        self._start_at = start_at
        self._steps: dict[str, dict[str, list[Transition]]] = {}
        for step in steps:
            self._steps.setdefault(step.rule, {}).setdefault(step.key.text, []).append(step)

    def line(self, step: Transition) -> str:
        value = "" if step.value is None else f", value {step.value:.3g}"
        why = "".join(f", {text}" for text in (step.cause, step.withheld) if text)
        return (
            f"{self._second(step)} {step.rule} {step.key.text}: {step.from_state} -> "
            f"{step.to_state}{value}{why}"
        )

    def judge(self, wanted: Expectation, known: set[str]) -> str:
        """Return what is not as expected, or nothing."""
        keys = self._steps.get(wanted.rule, {})
        if wanted.of is not None and wanted.of not in known | set(keys):
            names = ", ".join(sorted(known | set(keys))) or "none"
            return f"{wanted.rule} has no alert {wanted.of!r}; it has: {names}"
        chosen = [wanted.of] if wanted.of is not None else sorted(known | set(keys))
        if not chosen and wanted.is_ is not AlertState.INACTIVE:
            return f"{wanted.rule} has no alert at all, so none is {wanted.is_}"
        whys = [self._judge_one(wanted, key, keys.get(key, [])) for key in chosen]
        return "; ".join(filter(None, whys))

    def _judge_one(self, wanted: Expectation, key: str, steps: Sequence[Transition]) -> str:
        before = [step for step in steps if self._after_s(step) <= wanted.at + 1e-6]
        last = before[-1] if before else None
        state = last.to_state if last else AlertState.INACTIVE
        at = f"{wanted.rule} of {key} at {format_duration(wanted.at)}"
        if state is not wanted.is_:
            next_ = next((s for s in steps if s not in before and s.to_state is wanted.is_), None)
            since = f" since {self._second(last)}" if last else ""
            hint = f"; it is {wanted.is_} from {self._second(next_)} on" if next_ else ""
            return f"{at} is {state}{since}, not {wanted.is_}{hint}"
        differences: list[tuple[str, Any, Any]] = []
        if wanted.value is not None:
            value = None if last is None or last.value is None else round(last.value, LOOSE)
            if value is None or abs(value - wanted.value) > 1e-3:
                differences.append(("value", value, wanted.value))
        if wanted.withheld is not None:
            withheld = last.withheld if last else ""
            differences += [("withheld", withheld, wanted.withheld)] * (withheld != wanted.withheld)
        for name, text in wanted.annotations.items():
            reads = last.annotations.get(name) if last else None
            differences += [(name, reads, text)] * (reads != text)
        return "; ".join(
            f"{at}: {name} is {is_!r}, not {not_!r}" for name, is_, not_ in differences
        )

    def _after_s(self, step: Transition) -> float:
        return (step.at - self._start_at).total_seconds()

    def _second(self, step: Transition) -> str:
        return format_duration(round(self._after_s(step), 3))
