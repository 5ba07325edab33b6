"""Fault schedules and their spelling."""

from __future__ import annotations

import math

import pytest

from surveil.errors import ConfigError
from surveil.simulate.fault import MAX_SCHEDULED, Fault, FaultPlan, ScheduledFault, parse_fault


def test_spec_is_read_in_full() -> None:
    stream, fault = parse_fault("lobby:loss=0.2@10+5 every 30s")
    assert stream == "lobby"
    assert fault == ScheduledFault(Fault.LOSS, 10.0, 5.0, 30.0, 0.2)


@pytest.mark.parametrize(
    ("text", "start_s", "duration_s"),
    [
        ("*:stall", 0.0, 5.0),
        ("lobby:stall@2.5s", 2.5, 5.0),
        ("lobby:drop@3", 3.0, 0.2),
        ("lobby:refuse+7s", 0.0, 7.0),
        ("lobby:freeze@1+0", 1.0, math.inf),
    ],
)
def test_parts_have_defaults(text: str, start_s: float, duration_s: float) -> None:
    _, fault = parse_fault(text)
    assert (fault.start_s, fault.duration_s, fault.every_s) == (start_s, duration_s, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lobby", "expected STREAM:FAULT"),
        ("lobby:stall@", "expected STREAM:FAULT"),
        ("lobby:explode@3", "no fault 'explode'"),
        ("lobby:loss=1.5", "probability"),
        ("lobby:stall@1 every 0s", "period"),
    ],
)
def test_wrong_spec_says_why(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_fault(text)


def test_fault_begins_repeats_and_ends() -> None:
    fault = ScheduledFault(Fault.STALL, 10, 5, 30)
    active = [at for at in range(80) if fault.is_active(at)]
    assert active == [*range(10, 15), *range(40, 45), *range(70, 75)]
    assert not fault.is_over(1e9)
    assert ScheduledFault(Fault.STALL, 10, 5).is_over(15)


def test_plan_forgets_what_is_over_and_stays_bounded() -> None:
    plan = FaultPlan()
    plan.add(ScheduledFault(Fault.STALL, 0, 1), now_s=0)
    plan.add(ScheduledFault(Fault.FREEZE, 0, 100), now_s=5)
    assert plan.active(0.5).keys() == {Fault.FREEZE}
    for _ in range(MAX_SCHEDULED + 10):
        plan.add(ScheduledFault(Fault.GAP, 50, 1), now_s=6)
    assert plan.active(50).keys() == {Fault.GAP}
    plan.clear()
    assert not plan.active(50)
