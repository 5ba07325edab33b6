from __future__ import annotations

import pytest
from scipy.stats import binomtest

from surveil.proportions import wilson_interval


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (10, 10), (2470, 3589), (1, 2)])
def test_wilson_interval_is_scipys(hits: int, total: int) -> None:
    wanted = binomtest(hits, total).proportion_ci(method="wilson")
    assert wilson_interval(hits, total) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_nothing_is_known_of_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
