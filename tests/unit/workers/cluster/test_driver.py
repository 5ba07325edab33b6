"""When the driver looks again."""

from __future__ import annotations

import pytest

from surveil.workers.cluster.driver import SOONEST_S, TURN_S, pause_s


@pytest.mark.parametrize(
    ("silent_s", "expected_s"),
    [
        ([], TURN_S),
        ([0.1, 2.0], TURN_S),
        ([0.1, 9.6], 0.4),
        ([9.999], SOONEST_S),
        ([10.0, 4000.0, 3.0], TURN_S),  # lost already
    ],
)
def test_a_turn_comes_when_the_next_lease_ends(silent_s: list[float], expected_s: float) -> None:
    assert pause_s(silent_s, 10.0) == pytest.approx(expected_s)
