"""What rules cost the alerter: processor time of the engine alone, without Redis and SQL.

Each camera tells an interval a second, with two faces. The first half of the time fills windows and
is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from pydantic import TypeAdapter

from surveil.domain import FrameCounts, IntervalEvent
from surveil.measuring.report import Figure, Report
from surveil.measuring.synthetic import MODEL, make_vote
from surveil.rules import Rule, RuleEngine

FIGURES = (
    Figure("rules", "Rules"),
    Figure("keys", "Keys", 0),
    Figure("cpu_us", "CPU us/event", 0),
    Figure("core_percent", "% of a core", 1),
)
NOTES = (
    "% of a core: of the events of all cameras, one a second each; reading and SQL not counted.",
)
BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)
_ANGER = {"share": {"emotion": "angry", "over": "30s"}, "above": 0.9}
_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(tuple[Rule, ...])


@dataclass(frozen=True, slots=True)
class RulesLoad:
    """What is evaluated.

    Attributes:
        cameras: How many; each tells an event a second.
        rules: How many of the set of many rules.
        cameras_each: Cameras of each of those.
        seconds: Of event time.
    """

    cameras: int = 1000
    rules: int = 500
    cameras_each: int = 2
    seconds: int = 60


def measure_rules(load: RulesLoad) -> Report:
    """Return what each set of rules costs for each event."""
    settings = {
        "cameras": load.cameras,
        "rules": load.rules,
        "cameras_each": load.cameras_each,
        "seconds": load.seconds,
    }
    rows = [_measure(name, rules, load) for name, rules in sets_of(load).items()]
    return Report("rules", settings, FIGURES, rows, NOTES)


def sets_of(load: RulesLoad) -> Mapping[str, tuple[Rule, ...]]:
    """Return the sets of rules by name."""
    names, each = _names(load.cameras), load.cameras_each
    many = [
        _rule(
            f"rule-{i}",
            "camera",
            _ANGER,
            cameras=[names[j % len(names)] for j in range(i * each, (i + 1) * each)],
        )
        for i in range(load.rules)
    ]
    five = [
        _rule("anger", "camera", _ANGER),
        _rule("faces", "camera", {"faces": {"over": "1m"}, "at_least": 30}),
        _rule("sad", "camera", {"mean": {"emotion": "sad", "over": "5m"}, "above": 0.9}),
        _rule("blind", "camera", {"health": "camera", "silent_for": "15s"}),
        _rule("crowd", "site", _ANGER),
    ]
    sets: dict[str, list[dict[str, Any]]] = {
        "one by camera": five[:1],
        "one by site": five[-1:],
        "five, one by site": five,
        f"{load.rules}, of {load.cameras_each} cameras each": many,
    }
    return {name: _RULES.validate_python(rules) for name, rules in sets.items()}


def _rule(name: str, by: str, when: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "by": by, "when": [when], **more}


def _names(count: int) -> list[str]:
    return [f"cam-{number:05}" for number in range(count)]


def _measure(name: str, rules: Sequence[Rule], load: RulesLoad) -> Mapping[str, Any]:
    cameras = _names(load.cameras)
    engine = RuleEngine(rules, cameras, start_at=BEGAN_AT)
    random = Random(1)  # noqa: S311
    votes = [tuple(make_vote(1 + k, random) for k in range(2)) for _ in range(64)]
    counts = FrameCounts(captured=25, sampled=5, analysed=5)
    offset_s = {camera: random.random() for camera in cameras}
    in_turn = sorted(offset_s, key=lambda camera: offset_s[camera])
    used_s, events = 0.0, 0
    for second in range(load.seconds):
        told = []
        for number, camera in enumerate(in_turn):
            at = BEGAN_AT + timedelta(seconds=second + offset_s[camera])
            run, end = f"run-{number:022}", at + timedelta(seconds=1)
            vote = votes[(second + number) % len(votes)]
            told.append(IntervalEvent(camera, run, second + 1, at, end, counts, vote, MODEL))
        began_s = time.process_time()
        for quarter in range(4):
            now = BEGAN_AT + timedelta(seconds=second + 1.25 + quarter / 4)
            engine.tell(now)
            for event in told[quarter * len(told) // 4 : (quarter + 1) * len(told) // 4]:
                engine.observe(event)
            engine.tick(now)
        engine.take_changes()
        if second >= load.seconds // 2:
            used_s += time.process_time() - began_s
            events += len(told)
    cost_s = used_s / events
    keys = sum(1 if one.by == "site" else _keys(one, load) for one in rules)
    return {
        "rules": name,
        "keys": keys,
        "cpu_us": 1e6 * cost_s,
        "core_percent": 100 * cost_s * load.cameras,
    }


def _keys(rule: Rule, load: RulesLoad) -> int:
    return load.cameras if rule.cameras == ("*",) else len(rule.cameras)
