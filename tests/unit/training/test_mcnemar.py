"""McNemar's test against statsmodels' definition, by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, chi2

from surveil.training.mcnemar import mcnemar


def answers(both: int, first: int, second: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    one = np.repeat([True, True, False], [both, first, second])
    return one, np.repeat([True, False, True], [both, first, second])


@pytest.mark.parametrize(("first", "second"), [(0, 5), (3, 9), (12, 12), (1, 0)])
def test_few_differences_are_counted_exactly(first: int, second: int) -> None:
    result = mcnemar(*answers(50, first, second))
    few = min(first, second)
    wanted = min(2 * binom.cdf(few, first + second, 0.5), 1)
    assert (result.method, result.only_first, result.only_second) == ("exact", first, second)
    assert result.p_value == pytest.approx(wanted)


@pytest.mark.parametrize(("first", "second"), [(20, 40), (100, 101), (300, 200)])
def test_many_by_chi_squared_near_the_exact_value(first: int, second: int) -> None:
    result = mcnemar(*answers(10, first, second))
    assert result.method == "chi-squared"
    assert result.statistic == pytest.approx((abs(first - second) - 1) ** 2 / (first + second))
    assert result.p_value == pytest.approx(chi2.sf(result.statistic, 1))
    exact = min(2 * binom.cdf(min(first, second), first + second, 0.5), 1)
    assert result.p_value == pytest.approx(exact, rel=0.15)


def test_equal_models_do_not_differ() -> None:
    assert mcnemar(*answers(7, 0, 0)).p_value == 1
    assert mcnemar(*answers(7, 20, 20)).p_value == 1
