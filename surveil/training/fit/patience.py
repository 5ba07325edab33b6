"""When a run stops early: so many epochs without a better one on the validation split."""

from __future__ import annotations

from collections.abc import Sequence

Score = tuple[float, float]
"""Validation accuracy and negated log-loss: of two epochs the larger one is the better."""


def stale_epochs(scores: Sequence[Score]) -> int:
    """Return how many epochs came after the best one, the first of equal ones; 0 of none."""
    return len(scores) - 1 - scores.index(max(scores)) if scores else 0


def is_out_of_patience(scores: Sequence[Score], patience: int | None, counted_from: int) -> bool:
    """Return whether ``patience`` epochs brought nothing better than what was there before.

    All of it follows from the epochs' history, so that a resumed run stops where it would have.

    Args:
        scores: Of all epochs so far.
        patience: ``None`` waits for ever.
        counted_from: Epochs before this one (from 0) are not waited in.
    """
    if patience is None:
        return False
    return min(stale_epochs(scores), len(scores) - counted_from) >= patience
