"""What ``for`` promises: a true state of at least so long fires, at most one interval later."""

from __future__ import annotations

import random
from typing import Any

import pytest

ALIGNMENTS = 1000
SHORT = [{"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}]


def fired_at(stage: Any, start: Any) -> list[float]:
    """Return the seconds at which the alert began to fire."""
    return [
        (step.at - start).total_seconds() for step in stage.transitions if step.to_state == "firing"
    ]


@pytest.mark.parametrize("length_s", [3.0, 3.5])
def test_spell_of_any_alignment_fires(kit: Any, length_s: float) -> None:
    """Five frames a second, an interval's vote by their majority, a spell that begins anywhere."""
    chance = random.Random(19)
    for _ in range(ALIGNMENTS):
        begins_s, phase_s = 4 + chance.random(), chance.random() / 5
        stage = kit.stage(kit.rule(when=SHORT, **{"for": "3s"}))
        for second in range(12):
            frames = [second + phase_s + n / 5 for n in range(5)]
            happy = sum(begins_s <= at < begins_s + length_s for at in frames)
            stage.see(kit.interval(second, (1, "happy" if happy >= 3 else "neutral")))

        (at_s,) = fired_at(stage, kit.at(0))
        assert at_s <= begins_s + 3 + 1, (begins_s, phase_s)


@pytest.mark.parametrize(("interval_s", "for_s"), [(0.2, 1.4), (0.1, 0.3), (0.7, 2.1), (1, 3)])
def test_state_that_lasts_as_long_fires_at_the_end_of_that_very_interval(
    kit: Any, interval_s: float, for_s: float
) -> None:
    chance = random.Random(19)
    count = round(for_s / interval_s)
    rule = kit.rule(when=[{"faces": {"over": "1s"}, "at_least": 1}], **{"for": for_s})
    ahead = round(1.5 / interval_s)
    for _ in range(ALIGNMENTS // 4):
        # Instants of events are whole microseconds, as a capture process gives them.
        offset_s = round(chance.random() * 1000, 6)
        stage = kit.stage(rule)
        for n in range(2 * ahead + count):
            faces = [(1, "happy")] if n >= ahead else []
            begins_s = offset_s + n * interval_s
            stage.see(kit.interval(begins_s, *faces, seq=n + 1, lasts_s=interval_s))
        pending, fired = stage.transitions[:2]

        assert (pending.to_state, fired.to_state) == ("pending", "firing")
        assert round((fired.at - pending.since_at).total_seconds(), 5) == for_s


def test_a_shorter_state_does_not_fire(kit: Any) -> None:
    stage = kit.stage(kit.rule(when=SHORT, **{"for": "3s"})).play("nnnhhnnnhhnnn")

    assert fired_at(stage, kit.at(0)) == []


def test_a_constant_mean_at_its_bound_is_true_and_stays_so(kit: Any) -> None:
    when = [{"mean": {"emotion": "happy", "over": "10s"}, "at_least": 0.7}]
    stage = kit.stage(kit.rule(when=when))
    for second in range(60):
        stage.see(kit.interval(second, *((n, "happy", 0.7) for n in range(second % 4 + 1))))

    assert stage.states == ["firing"]


def test_an_alert_recovers_once_false_for_as_long(kit: Any) -> None:
    stage = kit.stage(kit.rule(when=SHORT, keep_firing_for="3s")).play("nnhhhhnnnnn")

    assert stage.log == [(3, "firing"), (7, "recovering"), (9, "resolved")]
