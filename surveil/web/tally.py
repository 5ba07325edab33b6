"""What the web process counts; whoever runs it says where the figures go."""

from __future__ import annotations

from typing import Protocol


class Tally(Protocol):
    """Takes figures by their bare names, from many threads; labels come from bounded sets."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter; ``name`` ends in ``_total``."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""

    def observe(self, name: str, seconds: float) -> None:
        """Add a duration to a histogram."""


class NoTally:
    """Keeps nothing: for ``surveil web``, which serves no metrics."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        return

    def gauge(self, name: str, value: float, **labels: str) -> None:
        return

    def observe(self, name: str, seconds: float) -> None:
        return
