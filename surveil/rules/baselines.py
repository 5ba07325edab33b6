"""What is usual at a camera: sums over hours of its past, beyond what windows hold.

Contract between the measure ``change``, which asks, and whoever has history, who answers:

* An hour is one of UTC, as rollups have them. A baseline belongs to an hour: all instants of that
  hour have the same one, so it is asked for once an hour and camera.
* It ends ``SETTLES_S`` before that hour begins. What reaches the history by then is in it, whoever
  asks and whenever: so a replay of the past finds what was found live. What comes later is in the
  replay's baseline alone.
* Sums come with the time that they are of: an hour that was not analysed is missing from it, and
  never counts as calm.
* Whoever does not know says so with None, and never with zeros.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Protocol
from zoneinfo import ZoneInfo

from surveil.domain import EMOTIONS

HOUR_S = 3600.0
SETTLES_S = HOUR_S
"""How long before its hour a baseline ends: what is stored later than that is not waited for."""


@dataclass(frozen=True, slots=True)
class Lookback:
    """Which hours of the past are compared with.

    Attributes:
        length_s: How far they reach back.
        zone: Only those of the same hour by the clock on the wall of this zone; None for all. On
            the day on which clocks are put forward an hour is missing, where they are put back one
            comes twice and both count. In a zone that is no whole hours from UTC, an hour of UTC
            belongs to the local hour in which it begins.
    """

    length_s: float
    zone: str | None = None

    def hours(self, hour_at: datetime) -> tuple[datetime, ...]:
        """Return when the hours begin, newest first.

        Args:
            hour_at: Begin of the hour that is compared with them.
        """
        last_at = hour_at - timedelta(seconds=SETTLES_S + HOUR_S)
        count = int(self.length_s // HOUR_S)
        hours = (last_at - timedelta(hours=place) for place in range(count))
        if self.zone is None:
            return tuple(hours)
        zone = ZoneInfo(self.zone)
        mine = hour_at.astimezone(zone).hour
        return tuple(at for at in hours if at.astimezone(zone).hour == mine)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Sums over some hours of one camera.

    Attributes:
        hours: How many were asked for.
        analysed_s: Time of them that was analysed.
        votes: By emotion, in the order of ``EMOTIONS``.
        score_sums: Likewise: of all votes, not only of those for it.
    """

    hours: int
    analysed_s: float
    votes: tuple[int, ...]
    score_sums: tuple[float, ...]

    @property
    def coverage(self) -> float:
        """The analysed part, 0..1."""
        return self.analysed_s / (self.hours * HOUR_S) if self.hours else 0.0

    @classmethod
    def together(cls, several: Iterable[Baseline]) -> Baseline:
        """Return the sums of several cameras."""
        ones = list(several)
        places = range(len(EMOTIONS))
        return cls(
            hours=sum(one.hours for one in ones),
            analysed_s=sum(one.analysed_s for one in ones),
            votes=tuple(sum(one.votes[place] for one in ones) for place in places),
            score_sums=tuple(sum(one.score_sums[place] for one in ones) for place in places),
        )


class Baselines(Protocol):
    """Whoever has history. Called by the engine's thread, during evaluations; must not raise."""

    def find(self, camera: str, lookback: Lookback, hour_at: datetime) -> Baseline | None:
        """Return what was usual; None while that cannot be told.

        Args:
            camera: Id.
            lookback: Which hours.
            hour_at: Begin of the hour for which it is asked.
        """


class NoBaselines:
    """Of those who have no history."""

    def find(self, camera: str, lookback: Lookback, hour_at: datetime) -> Baseline | None:
        """Return None."""
        return None


NO_BASELINES = NoBaselines()


def hour_of(at_s: float) -> datetime:
    """Return the begin of the hour of UTC in which an instant lies."""
    return datetime.fromtimestamp(floor(at_s / HOUR_S) * HOUR_S, UTC)
