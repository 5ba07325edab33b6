"""McNemar's test against enumeration, tables of chi-squared and a published example."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from surveil.training.measure.mcnemar import FEW, mcnemar


def answers(both: int, first: int, second: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    one = np.repeat([True, True, False], [both, first, second])
    return one, np.repeat([True, False, True], [both, first, second])


def share_as_uneven(first: int, second: int) -> float:
    """Of all ways in which fair coins could have decided the faces that differ."""
    ways = [sum(way) for way in product((-1, 1), repeat=first + second)]
    return sum(abs(way) >= abs(first - second) for way in ways) / len(ways)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (3, 9), (6, 6), (1, 0), (11, 2)])
def test_few_differences_are_judged_by_all_ways_they_could_have_fallen(
    first: int, second: int
) -> None:
    result = mcnemar(*answers(50, first, second))
    assert (result.method, result.statistic) == ("exact", None)
    assert (result.faces, result.only_first, result.only_second) == (
        50 + first + second, first, second,
    )  # fmt: skip
    assert result.p_value == pytest.approx(share_as_uneven(first, second))


@pytest.mark.parametrize(
    ("first", "second", "p_value"),
    [(0, 5, 0.0625), (2, 8, 0.1094), (5, 15, 0.0414), (12, 12, 1.0)],
)
def test_few_differences_give_twice_the_tabulated_binomial_tail(
    first: int, second: int, p_value: float
) -> None:
    """Tails of 5, 10, 20 fair coins from printed tables: .0313, .0547, .0207."""
    assert mcnemar(*answers(9, first, second)).p_value == pytest.approx(p_value, abs=1e-4)


def test_many_differences_are_those_of_a_published_example() -> None:
    """The manual of mlxtend's mcnemar: 25 and 15 faces give 2.025 and 0.154728923485."""
    result = mcnemar(*answers(9945, 25, 15))
    assert result.method == "chi-squared"
    assert result.statistic == pytest.approx(2.025)
    assert result.p_value == pytest.approx(0.154728923485, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "above", "below"),
    [(61, 39, 0.01, 0.05), (60, 40, 0.05, 0.1), (64, 36, 0.001, 0.01), (68, 32, 0.0, 0.001)],
)
def test_many_differences_lie_where_the_table_of_chi_squared_has_them(
    first: int, second: int, above: float, below: float
) -> None:
    """With one degree of freedom 2.706 is exceeded in 10%, 3.841 in 5, 6.635 in 1, 10.828 in 0.1.

    The statistics are 21², 19², 27² and 35² hundredths.
    """
    assert above < mcnemar(*answers(0, first, second)).p_value < below


@pytest.mark.parametrize(("first", "second"), [(20, 40), (100, 101), (300, 200)])
def test_many_differences_come_near_the_exact_value(first: int, second: int) -> None:
    count, few = first + second, min(first, second)
    exact = min(sum(math.comb(count, k) for k in range(few + 1)) / 2 ** (count - 1), 1)
    result = mcnemar(*answers(10, first, second))
    assert result.p_value == pytest.approx(exact, rel=0.15)
    assert mcnemar(*answers(10, second, first)).p_value == result.p_value


def test_equal_models_do_not_differ() -> None:
    assert mcnemar(*answers(7, 0, 0)).p_value == 1
    assert mcnemar(*answers(7, FEW, FEW)).p_value == 1
