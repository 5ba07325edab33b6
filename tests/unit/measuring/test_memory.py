"""How a daemon's memory goes, from some looks at it."""

from __future__ import annotations

import pytest

from surveil.measuring.exposition import Exposition
from surveil.measuring.fleet import FleetLoad, Moment
from surveil.measuring.memory import MIB, MemoryLoad, fit_line, measure_memory, report_of
from surveil.measuring.processes import Usage, Usages


def test_a_line_goes_through_points_that_lie_on_one() -> None:
    line = fit_line([0, 1, 2, 3], [5, 7, 9, 11])
    assert line.slope == pytest.approx(2)
    assert line.error == pytest.approx(0)


def test_points_beside_the_line_make_its_slope_uncertain() -> None:
    line = fit_line([0, 1, 2, 3], [0, 2, 1, 3])
    assert line.slope == pytest.approx(0.8)
    assert line.error == pytest.approx((1.8 / 2 / 5) ** 0.5)


def test_what_grows_is_told_by_role_and_in_all() -> None:
    moments = [
        Moment(
            60.0 * minute,
            Exposition({}),
            Usages(
                {
                    "inference": Usage(1, 0.0, 100 * MIB + 1_000_000 * minute, 10 * MIB),
                    "capture": Usage(2, 0.0, 40 * MIB, 6 * MIB),
                    **({"probe": Usage(1, 0.0, MIB, 0)} if minute == 1 else {}),
                }
            ),
            0.0,
        )
        for minute in range(5)
    ]
    report = report_of(MemoryLoad(FleetLoad()), moments)
    rows = {row["role"]: row for row in report.rows}
    assert list(rows) == ["daemon", "capture", "inference"]
    assert rows["inference"]["mb_per_hour"] == pytest.approx(60)
    assert rows["capture"]["mb_per_hour"] == pytest.approx(0)
    assert rows["daemon"]["mb_per_hour"] == pytest.approx(60)
    assert rows["daemon"]["first_mib"] == pytest.approx(156)


def test_a_real_daemon_is_watched_until_it_has_analysed_enough() -> None:
    fleet = FleetLoad(cameras=1, sample_fps=10, settings={"web.enabled": True, "web.port": 0})
    report = measure_memory(MemoryLoad(fleet, frames=60))
    held = {row["role"]: row["last_mib"] for row in report.rows}
    assert {"daemon", "capture", "inference", "recorder", "alerter", "supervisor"} <= set(held)
    assert held["daemon"] > held["inference"] > 20
