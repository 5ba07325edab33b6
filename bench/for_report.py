"""How late alerts with ``for: 3s`` fire, over random alignments of a spell with its intervals.

    python bench/for_report.py --alignments 1000

A face is seen at five frames a second; from some instant on it is happy for so long, the vote of an
interval is that of most of its frames. The promise of docs/rules.md: a spell of at least three
seconds fires, at most one interval after it has lasted so long.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

from surveil.domain import EMOTIONS, Box, Emotion, FrameCounts, IntervalEvent, TrackVote
from surveil.rules.engine import RuleEngine
from surveil.rules.instance import AlertState
from surveil.rules.model import Rule

START_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
FOR_S, FPS = 3.0, 5
RULE = Rule.model_validate(
    {
        "name": "joy",
        "when": [{"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}],
        "for": FOR_S,
    }
)


def interval(second: int, is_happy: bool) -> IntervalEvent:
    """Return an interval with one face."""
    emotion = Emotion.HAPPY if is_happy else Emotion.NEUTRAL
    scores = tuple(0.88 if each is emotion else 0.02 for each in EMOTIONS)
    vote = TrackVote(1, FPS, Box(0.1, 0.1, 0.2, 0.2), 0.99, 80, emotion, 0.88, scores)
    at = START_AT + timedelta(seconds=second)
    frames = FrameCounts(captured=25, sampled=FPS, analysed=FPS)
    return IntervalEvent(
        "lobby", "run", second + 1, at, at + timedelta(seconds=1), frames, (vote,), "m@0"
    )


def fired_s(begins_s: float, phase_s: float, lasts_s: float) -> float | None:
    """Return how long after it has lasted for ``FOR_S`` a spell fires, seconds; None for never."""
    engine = RuleEngine([RULE], ["lobby"], start_at=START_AT)
    for second in range(16):
        times = [second + phase_s + frame / FPS for frame in range(FPS)]
        happy = sum(begins_s <= at < begins_s + lasts_s for at in times)
        for step in engine.observe(interval(second, 2 * happy > FPS)):
            if step.to_state is AlertState.FIRING:
                return (step.at - START_AT).total_seconds() - begins_s - FOR_S
    return None


def main() -> None:
    """Print one line for each length of the spell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alignments", type=int, default=1000)
    count = parser.parse_args().alignments
    for lasts_s in (2.0, 3.0, 3.5, 5.0):
        random = Random(19)
        found = [fired_s(4 + random.random(), random.random() / FPS, lasts_s) for _ in range(count)]
        late = [one for one in found if one is not None]
        shown = (
            f"later than 3 s by {min(late):.2f} to {max(late):.2f} s, median {median(late):.2f}"
            if late
            else "never"
        )
        print(f"true for {lasts_s:g} s: {len(late)} of {count} fired, {shown}")


if __name__ == "__main__":
    main()
