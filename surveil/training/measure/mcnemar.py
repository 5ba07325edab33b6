"""McNemar's test: do two models that saw the same faces differ by more than chance?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FEW = 25
"""Discordant pairs below which the exact test is made (Dietterich 1998 uses chi-squared above)."""


@dataclass(frozen=True, slots=True)
class McNemar:
    """The outcome.

    Attributes:
        faces: Compared.
        only_first: Faces that only the first model got right.
        only_second: Faces that only the second one got right.
        statistic: Chi-squared with continuity correction (Edwards 1948); ``None`` where exact.
        p_value: Two-sided: how often models of equal accuracy would differ at least so much.
        method: ``exact`` is the binomial test.
    """

    faces: int
    only_first: int
    only_second: int
    statistic: float | None
    p_value: float
    method: Literal["exact", "chi-squared"]


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test two models; arguments say which faces each got right, shape ``(N,)`` in one order."""
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differ = only_first + only_second
    if differ < FEW:
        p_value = float(stats.binomtest(only_first, differ).pvalue) if differ else 1.0
        return McNemar(len(first), only_first, only_second, None, p_value, "exact")
    statistic = max(abs(only_first - only_second) - 1, 0) ** 2 / differ
    p_value = float(stats.chi2.sf(statistic, df=1))
    return McNemar(len(first), only_first, only_second, statistic, p_value, "chi-squared")
