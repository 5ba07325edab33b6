"""How sure a share is that was counted on a few."""

from __future__ import annotations

import math

_Z95 = 1.959963984540054
"""97.5th percentile of the normal distribution, for intervals of 95%."""


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95% interval of a share (Wilson 1927); ``(0, 1)`` of nothing."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = hits / total, _Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return max(centre - half, 0.0), min(centre + half, 1.0)
