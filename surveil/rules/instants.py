"""Arithmetic on seconds since the epoch.

Such a number is a float that tells a quarter of a microsecond: differences of instants that are
exact as text are not as floats, and two that should be equal seldom are. So they are compared in
whole microseconds, which is what events carry.
"""

from __future__ import annotations

from math import isfinite

LOOSE = 9
"""Decimals to which measured values are compared with thresholds: a mean of 0.7 is 0.7."""


def reaches(lasted_s: float, wanted_s: float) -> bool:
    """Return whether a duration is at least another one, in whole microseconds."""
    if not isfinite(lasted_s) or not isfinite(wanted_s):
        return lasted_s >= wanted_s
    return round(lasted_s * 1e6) >= round(wanted_s * 1e6)
