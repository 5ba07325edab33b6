"""The event time of a group of cameras, and when a large group is evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf, isfinite

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from surveil.rules.clock import TICK_S
from surveil.rules.model import Rule
from surveil.rules.past import CameraPast
from surveil.rules.plan import MANY_CAMERAS, Plan

RULE = TypeAdapter(Rule).validate_python(
    {"name": "crowd", "by": "site", "when": [{"faces": {"over": "1m"}, "at_least": 3}]}
)
times_st = st.floats(0, 1e6)


def make_plan(ends_s: Sequence[float | None]) -> tuple[Plan, list[CameraPast]]:
    plan = Plan(RULE)
    pasts = [CameraPast(60.0, 5.0, Counter()) for _ in ends_s]
    for number, (past, end_s) in enumerate(zip(pasts, ends_s, strict=True)):
        past.window.watermark_s = end_s
        plan.add_camera(f"cam-{number}", {}, past)
    return plan, pasts


@given(
    st.lists(st.none() | times_st, min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.floats(0, 100)), max_size=8),
    times_st | st.just(-inf),
)
def test_a_groups_time_is_the_least_of_its_cameras_that_have_any(
    ends_s: list[float | None], later: list[tuple[int, float]], now_s: float
) -> None:
    plan, pasts = make_plan(ends_s)
    for number, by_s in [(0, 0.0), *later]:
        window = pasts[number % len(pasts)].window
        window.watermark_s = (window.watermark_s or 0.0) + by_s
        clocks = [past.clock_s(now_s) for past in pasts]
        assert plan.clock_s("", now_s) == min(filter(isfinite, clocks), default=-inf)


def test_only_a_large_group_waits_for_a_step_of_its_time() -> None:
    small, _ = make_plan([1.0] * MANY_CAMERAS)
    large, _ = make_plan([1.0] * (MANY_CAMERAS + 1))
    for plan in (small, large):
        assert not plan.is_early("", 1.0)  # it was never evaluated
        for one in plan.groups[""].values():
            one.evaluated_s = 1.0
        assert not plan.is_early("", 1.0 + TICK_S)
    assert large.is_early("", 1.0 + TICK_S / 2)
    assert not small.is_early("", 1.0 + TICK_S / 2)
