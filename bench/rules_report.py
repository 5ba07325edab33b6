"""What rules cost the alerter for each event of a large fleet, in processor time.

``python bench/rules_report.py --cameras 1000`` feeds the engine alone, without Redis and SQL, an
interval a second of each camera, with two faces, and prints a row for each set of rules.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml

from surveil.config import Fleet
from surveil.config.loading import read_fleet
from surveil.domain import FrameCounts, IntervalEvent
from surveil.measuring.synthetic import MODEL, make_vote
from surveil.rules import RuleEngine

ANGER = {"share": {"emotion": "angry", "over": "30s"}, "above": 0.9}
SETS: dict[str, list[dict[str, Any]]] = {
    "one by camera": [{"name": "anger", "by": "camera", "when": [ANGER]}],
    "one by site": [{"name": "crowd", "by": "site", "when": [ANGER]}],
    "five, one of them by site": [
        {"name": "anger", "by": "camera", "when": [ANGER]},
        {"name": "faces", "by": "camera", "when": [{"faces": {"over": "1m"}, "at_least": 30}]},
        {
            "name": "sad",
            "by": "camera",
            "when": [{"mean": {"emotion": "sad", "over": "5m"}, "above": 0.9}],
        },
        {
            "name": "blind",
            "by": "camera",
            "when": [{"health": "camera", "silent_for": "15s"}],
        },
        {"name": "crowd", "by": "site", "when": [ANGER]},
    ],
}
BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)


def make_fleet(cameras: int, rules: list[dict[str, Any]]) -> Fleet:
    """Return a fleet with so many cameras."""
    source = {"source": "rtsp://127.0.0.1/x"}
    named = {f"cam-{number:05}": source for number in range(cameras)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.yaml"
        fleet = {"version": 1, "cameras": named, "rules": rules}
        path.write_text(yaml.safe_dump(fleet), encoding="utf-8")
        return read_fleet(path, environment={}).fleet


def measure(fleet: Fleet, seconds: int) -> float:
    """Return the seconds of processor time an event took, in the second half of the time."""
    engine = RuleEngine(fleet.rules, list(fleet.cameras), start_at=BEGAN_AT)
    random = Random(1)
    votes = [tuple(make_vote(1 + k, random) for k in range(2)) for _ in range(64)]
    counts = FrameCounts(captured=25, sampled=5, analysed=5)
    offset_s = {camera: random.random() for camera in fleet.cameras}
    in_turn = sorted(offset_s, key=lambda camera: offset_s[camera])
    used_s, events = 0.0, 0
    for second in range(seconds):
        told = []
        for number, camera in enumerate(in_turn):
            at = BEGAN_AT + timedelta(seconds=second + offset_s[camera])
            run, end = f"run-{number:022}", at + timedelta(seconds=1)
            vote = votes[(second + number) % len(votes)]
            told.append(IntervalEvent(camera, run, second + 1, at, end, counts, vote, MODEL))
        began_s = time.process_time()
        for quarter in range(4):
            engine.tell(BEGAN_AT + timedelta(seconds=second + 1.25 + quarter / 4))
            part = told[quarter * len(told) // 4 : (quarter + 1) * len(told) // 4]
            for event in part:
                engine.observe(event)
            engine.tick(BEGAN_AT + timedelta(seconds=second + 1.25 + quarter / 4))
        engine.take_changes()
        if second >= seconds // 2:
            used_s += time.process_time() - began_s
            events += len(told)
    return used_s / events


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    print("| rules | us/event | events/s of a core |")
    print("|---|---|---|")
    for name, rules in SETS.items():
        cost_s = measure(make_fleet(options.cameras, rules), options.seconds)
        print(f"| {name} | {1e6 * cost_s:.0f} | {1 / cost_s:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
