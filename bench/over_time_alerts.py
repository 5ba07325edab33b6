"""When the rule `share happy > 0.5 for 3s` fires on a course, against the truth."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from surveil.domain import EMOTIONS, Box, Emotion, FrameCounts, IntervalEvent, TrackVote
from surveil.rules.engine import RuleEngine
from surveil.rules.model import Rule
from surveil.training.measure.over_time import Course, smooth, vote

FOR_S = 3.0
START_AT = datetime(2025, 3, 1, 12, tzinfo=UTC)
HAPPY = EMOTIONS.index(Emotion.HAPPY)
_RULE = {
    "name": "happy",
    "when": {"all": [{"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}]},
    "for": f"{FOR_S:g}s",
}


def firings(course: Course, *, tau_s: float, hysteresis: float) -> list[float]:
    """Return the instants at which the rule fires on a course's votes."""
    smoothed, _ = smooth(course, tau_s, 0.0)
    engine = RuleEngine([Rule.model_validate(_RULE)], ["cam"], start_at=START_AT)
    seconds, labels, confidence = vote(course.times_s, smoothed, hysteresis)
    fired = []
    for seq, (second, label, sure) in enumerate(
        zip(seconds.tolist(), labels.tolist(), confidence.tolist(), strict=True), start=1
    ):
        scores = tuple(sure if i == label else (1 - sure) / 6 for i in range(len(EMOTIONS)))
        told = TrackVote(1, 5, Box(0.1, 0.1, 0.2, 0.2), 0.99, 80, EMOTIONS[label], sure, scores)
        event = IntervalEvent(
            camera="cam",
            run="R",
            seq=seq,
            from_at=START_AT + timedelta(seconds=second),
            to_at=START_AT + timedelta(seconds=second + 1),
            frames=FrameCounts(captured=25, sampled=5, analysed=5),
            tracks=(told,),
            model="test@000000",
        )
        fired += [
            (step.at - START_AT).total_seconds()
            for step in engine.observe(event)
            if step.to_state == "firing"
        ]
    return fired


def delays(
    courses: Iterable[Course], *, tau_s: float, hysteresis: float
) -> list[tuple[float, float | None]]:
    """Return length and delay of each happy spell of 3 s and more; None where it did not fire.

    The delay is from the instant at which the spell has lasted 3 s to the end of the interval on
    which the rule fired; a webhook adds what the network and the interval's grace take.
    """
    found: list[tuple[float, float | None]] = []
    for course in courses:
        fired = firings(course, tau_s=tau_s, hysteresis=hysteresis)
        for spell in course.truth:
            length_s = spell.to_s - spell.from_s
            if spell.label != HAPPY or length_s < FOR_S:
                continue
            late = [at - spell.from_s - FOR_S for at in fired if at >= spell.from_s + FOR_S - 1]
            in_time = [one for one in late if one <= length_s - FOR_S + 3]
            found.append((length_s, min(in_time) if in_time else None))
    return found
