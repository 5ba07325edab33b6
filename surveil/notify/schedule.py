"""When to try again."""

from __future__ import annotations

FIRST_S = 2.0
SHORTEST_S = 0.1
TIMEOUT_S = 10.0
"""How long one attempt may take, unless the fleet file says otherwise."""

MAIL_TIMEOUT_S = 30.0
"""The same for mail, whose servers look into what they take before they answer."""

LONGEST_S = 600.0
"""Delays double from the first to the longest. Standard Webhooks suggests 5 s, 5 min, 30 min and
on; an alert is worth less with every minute, so the early attempts are closer together."""
GIVE_UP_S = 36 * 3600.0
"""A receiver that is down for a day still gets its messages."""
LONGEST_PAUSE_S = 60.0
"""An unreachable receiver is asked again after this at the latest, with one message."""


def delay_s(failures: int, chance: float, *, longest_s: float = LONGEST_S) -> float:
    """Return how long to wait after a number of failures in a row: back-off with full jitter.

    M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015: what failed together
    does not come back together.

    Args:
        failures: At least 1.
        chance: Random number, 0..1; the part of the whole delay that is waited.
        longest_s: Bound of the delay.
    """
    full_s = min(longest_s, FIRST_S * 2.0 ** min(failures - 1, 30))
    return max(SHORTEST_S, full_s * chance)
