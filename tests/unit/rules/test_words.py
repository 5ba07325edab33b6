"""Rules in plain words: nothing that a rule says is left out."""

from __future__ import annotations

from typing import Any

import pytest

from surveil.rules.measures import MEASURES
from surveil.rules.words import condition_in_words, in_words, tree_in_words


def test_a_whole_rule(kit: Any) -> None:
    rule = kit.rule(
        name="crowd-anger",
        cameras=["lobby-*", "hall"],
        where={"floor": "2"},
        when={
            "all": [
                {
                    "share": {"emotion": "angry", "over": "30s", "min_confidence": 0.5},
                    "above": 0.4,
                    "clear_below": 0.3,
                },
                {"not": {"faces": {"over": "90s"}, "at_most": 2}},
            ]
        },
        keep_firing_for="90s",
        schedule={"zone": "Europe/Madrid", "times": ["mon-fri 08:00-18:00", "sat 10:00-12:00"]},
        mutes=["joy"],
        labels={"severity": "warning"},
        annotations={"summary": "{{camera}} is angry"},
        notify=["ops", "desk"],
        **{"for": "10s", "except": ["lobby-staff"]},
    )

    assert in_words(rule) == [
        "crowd-anger watches cameras lobby-* or hall except lobby-staff whose floor is 2: "
        "one alert for each.",
        "It is true while all of these hold:",
        "  - the share of votes that show angry, at least 50% sure, over the last 30s is above 40% "
        "(once true, until it is below 30%)",
        "  - it is known not to hold that the usual number of faces over the last 1m30s is at most "
        "2",
        "It fires once that has been true for 10s.",
        "It is over once that has been false for 1m30s.",
        "While that cannot be known, nothing changes, and no time is counted.",
        "It is at work mon-fri 08:00-18:00 and sat 10:00-12:00 (Europe/Madrid); outside of that "
        "it rests.",
        "While it fires, nobody is told of alerts of joy that begin about its cameras.",
        "It is labelled severity warning.",
        "Its summary reads: {{camera}} is angry",
        "Told: ops and desk.",
    ]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            {
                "share": {"emotion": "sad", "over": 5, "min_faces": 3, "too_few": "false"},
                "below": 1,
            },
            "the share of votes that show sad over the last 5s (with fewer than 3 different faces: "
            "false) is below 100%",
        ),
        (
            {"mean": {"emotion": "sad", "over": "1m"}, "between": [0.1, 0.25], "clear_above": 0.5},
            "the mean score of sad over the last 1m is between 10% and 25% (once true, until it is "
            "above 50%)",
        ),
        (
            {"faces": {"emotion": "happy", "over": "10s"}, "at_least": 2},
            "the usual number of faces that show happy over the last 10s is at least 2",
        ),
        (
            {"rate": {"emotion": "surprise", "over": "2m", "per": "10s"}, "above": 1.5},
            "the number of times in 10s that a face begins to show surprise over the last 2m is "
            "above 1.5",
        ),
        (
            {
                "change": {
                    "of": "share",
                    "emotion": "angry",
                    "over": "10m",
                    "baseline": "7d",
                    "same_hour": True,
                    "zone": "Europe/Madrid",
                    "as": "ratio",
                },
                "above": 2,
            },
            "the share of votes that show angry over the last 10m, divided by what it was over "
            "the last 7d at the same hour of the day (Europe/Madrid), is above 2",
        ),
        (
            {
                "change": {"of": "faces", "over": "5m", "baseline": "1d", "as": "difference"},
                "below": -1,
            },
            "the mean number of faces over the last 5m, less what it was over the last 1d, is "
            "below -1",
        ),
        (
            {"health": "camera", "silent_for": "15s"},
            "no frame of the camera has been analysed for 15s",
        ),
        (
            {"health": "model"},
            "more than 60% of the votes of the last 10m are unsure",
        ),
    ],
)
def test_conditions(kit: Any, condition: dict[str, Any], words: str) -> None:
    (only,) = kit.rule(when=[condition]).conditions

    assert condition_in_words(only) == words


def test_groups_are_indented_and_sequences_named(kit: Any) -> None:
    faces = {"faces": {"over": "5s"}, "above": 1}
    rule = kit.rule(
        when={"any": [{"sequence": [faces, {"not": {"all": [faces]}}], "within": "1m"}]}
    )
    text = "the usual number of faces over the last 5s is above 1"

    assert tree_in_words(rule.when) == [
        "- at least one of these holds:",
        "  - the last of these holds, having become true in this order, each within 1m:",
        f"    - {text}",
        "    - this is known not to hold:",
        "      - all of these hold:",
        f"        - {text}",
    ]


def test_each_measure_has_words() -> None:
    assert all(isinstance(kind.words, property) for kind in MEASURES.values())
