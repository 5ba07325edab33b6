"""A backtest finds what the daemon's engine did: the same transitions at the same instants."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from surveil.rules.model import Rule


def rule(name: str, *when: dict[str, Any], **fields: Any) -> Rule:
    return Rule.model_validate({"name": name, "when": list(when), **fields})


ANGRY = {"share": {"emotion": "angry", "over": "10s"}, "above": 0.4, "clear_below": 0.2}
MEAN = {"mean": {"emotion": "happy", "over": "5s"}, "above": 0.5}
FIRST, THEN = (
    {"share": {"emotion": emotion, "over": "5s"}, "above": 0.5} for emotion in ("angry", "happy")
)
RULES = [
    rule(
        "anger",
        ANGRY,
        {"faces": {"over": "10s"}, "at_least": 2},
        keep_firing_for="5s",
        **{"for": "3s"},
    ),
    rule("joy", MEAN, by="track"),
    rule("crowd", {"faces": {"over": "5s"}, "at_least": 4}, by="site", **{"for": "4s"}),
    rule("rush", {"rate": {"over": "30s"}, "above": 5}, no_data="resolve"),
    rule("blind", {"health": "camera", "silent_for": "15s"}, mutes=["anger"]),
    rule("away", {"health": "inference", "silent_for": "20s"}, by="site"),
    rule("dark", {"faces": {"over": "5s"}, "above": 9}, no_data="fire"),
    rule("turn", {"sequence": [FIRST, THEN], "within": "40s"}),
]
SCENE = st.one_of(
    st.sampled_from(["nobody", "nobody", "unseen", "offline", "away", "2 angry", "1 happy"]),
    st.sampled_from(["3 neutral", "1 angry + 2 neutral", "2 happy + 2 angry", "5 sad@0.3"]),
)
LASTS = st.sampled_from([3, 8, 20, 45, 300])
SCRIPT = st.lists(st.tuples(SCENE, LASTS), min_size=1, max_size=5).map(
    lambda scenes: "; ".join(f"{what} x {lasts}s" for what, lasts in scenes)
)


@given(lobby=SCRIPT, hall=SCRIPT)
@settings(
    deadline=None,
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],  # a smaller example is not worth the minutes
    suppress_health_check=list(HealthCheck),
)
def test_a_backtest_equals_the_live_engine(make_history: Any, lobby: str, hall: str) -> None:
    history = make_history({"lobby": lobby, "hall": hall})

    live = history.live(RULES)
    assert history.replay(RULES, spares=False) == live
    assert history.replay(RULES) == live


def test_what_cannot_matter_is_not_read(make_history: Any) -> None:
    history = make_history({"lobby": "nobody x 40m; 3 angry x 1m; 2 neutral x 40m"})
    rules = RULES[:1]

    found = history.replay(rules)
    assert [step[4] for step in found] == ["pending", "firing", "recovering", "resolved"]
    assert found == history.live(rules)
    assert history.read < 1200


def test_hysteresis_that_reaches_back_is_found(make_history: Any) -> None:
    """Between the bounds for long: whether it is true depends on what was long before."""
    few = "1 angry + 2 neutral x 40m"
    history = make_history({"lobby": f"3 angry x 1m; {few}", "hall": f"nobody x 1m; {few}"})

    assert history.replay(RULES[:1]) == history.live(RULES[:1])
