"""What is compared with the usual is found in a backtest as it was live, whatever the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from surveil.rules.model import Rule

MINUTE_S = 60.0
BEFORE_SUMMER = datetime(2026, 3, 27, 22, 17, tzinfo=UTC)
BEFORE_WINTER = datetime(2026, 10, 23, 22, 17, tzinfo=UTC)
MADRID: dict[str, Any] = {"same_hour": True, "zone": "Europe/Madrid"}


def change(name: str, bound: dict[str, float], *, over: str = "10m", **options: Any) -> Rule:
    by = options.pop("by", "camera")
    no_data = options.pop("no_data", "hold")
    options = {"over": over, "baseline": "1d", "as": "ratio", **options}
    when = [{"change": options, **bound}]
    return Rule.model_validate({"name": name, "when": when, "by": by, "no_data": no_data})


RULES = [
    change("anger", {"above": 1.5, "clear_below": 1.1}, of="share", emotion="angry"),
    change("calm", {"below": -0.2}, of="mean", emotion="angry", **{"as": "difference"}),
    change("crowd", {"at_least": 1.3}, of="faces", baseline="2d", **MADRID),
    change("few", {"below": 0.6}, of="faces", by="site", no_data="fire"),
    change("joy", {"above": 0.1}, of="share", emotion="happy", **MADRID, **{"as": "difference"}),
]
SCENE = st.sampled_from(
    ["2 neutral", "2 neutral + 1 angry", "1 angry", "3 happy + 1 angry", "5 neutral", "unseen"]
)
LONG = st.tuples(SCENE, SCENE, st.sampled_from(["1h", "3h", "8h", "13h"]))
# Without intervals the clock ticks, which takes long.
SHORT = st.tuples(*2 * [st.sampled_from(["2 neutral", "offline", "away"])], st.just("8m"))
SCENES = st.lists(st.one_of(LONG, LONG, SHORT), min_size=3, max_size=5)
LAGS = st.lists(st.integers(0, 25), min_size=1, max_size=5)


@pytest.mark.timeout(600)
@given(
    scenes=SCENES,
    lags=LAGS,
    start_at=st.sampled_from([BEFORE_SUMMER, BEFORE_WINTER]),
)
@example(
    scenes=[
        ("2 neutral + 1 angry", "nobody", "10h"),
        ("unseen", "2 neutral", "3h"),
        ("2 neutral", "5 neutral", "5h"),
        ("away", "offline", "8m"),
        ("3 angry", "2 neutral + 1 angry", "8h"),
        ("1 happy + 1 neutral", "1 neutral", "3h"),
    ],
    lags=[25, 0, 13],
    start_at=BEFORE_WINTER,
)
@settings(
    deadline=None,
    max_examples=2,
    phases=[Phase.explicit, Phase.generate],  # a smaller example is not worth the minutes
    suppress_health_check=list(HealthCheck),
)
def test_a_backtest_finds_what_was_unusual_live(
    make_history: Any, scenes: list[tuple[str, str, str]], lags: list[int], start_at: datetime
) -> None:
    lobby, hall = ("; ".join(f"{scene[n]} x {scene[2]}" for scene in scenes) for n in (0, 1))
    history = make_history({"lobby": lobby, "hall": hall}, start_at, MINUTE_S)

    live = history.live_as_stored(RULES, cycle(timedelta(minutes=lag) for lag in lags))

    assert history.replay(RULES, spares=False) == live
    assert history.replay(RULES) == live


@pytest.mark.parametrize(
    ("gap", "fires"),
    [("unseen x 1h", True), ("unseen x 16h", False)],
)
def test_hours_that_were_not_seen_do_not_count_as_calm(
    make_history: Any, gap: str, fires: bool
) -> None:
    """Half of the day before must have been analysed; what was is what is compared with."""
    usual = "3 neutral + 1 angry x 12h"
    history = make_history(
        {"lobby": f"{usual}; {gap}; 1 neutral + 1 angry x 3h"}, BEFORE_SUMMER, MINUTE_S
    )

    found = history.replay(RULES[:1])

    assert found == history.live_as_stored(RULES[:1], cycle([timedelta()]))
    values = [step[-1] for step in found if step[4] == "firing"]
    assert bool(values) is fires
    if fires:
        assert values[0] >= 1.5
