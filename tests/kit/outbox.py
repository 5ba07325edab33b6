"""An outbox in memory; tests/contract/ holds it to what the one in SQL does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from surveil.errors import UnavailableError
from surveil.notify.courier import Owed, Settlement
from surveil.notify.receiver import Notice


class MemoryOutbox:
    """A :class:`surveil.notify.courier.Outbox`.

    Attributes:
        owed: What is not settled, by id.
        next_at: When it is to be tried.
        is_away: Whether the place is away where it is kept.
    """

    def __init__(self) -> None:
        self.owed: dict[str, Owed] = {}
        self.next_at: dict[str, datetime] = {}
        self.is_away = False

    def owe(self, id: str, now_at: datetime) -> None:
        """Owe one message."""
        self.owed[id] = Owed(Notice(id, {"n": id}), now_at, 0)
        self.next_at[id] = now_at

    def due(self, now_at: datetime) -> Sequence[Owed]:
        self._check()
        return [owed for id, owed in self.owed.items() if self.next_at[id] <= now_at]

    def settle(self, settlement: Settlement) -> None:
        self._check()
        if settlement.state == "pending":
            assert settlement.next_attempt_at is not None
            known = self.owed[settlement.id]
            self.owed[settlement.id] = replace(known, attempts=settlement.attempts)
            self.next_at[settlement.id] = settlement.next_attempt_at
        else:
            del self.owed[settlement.id]
        if settlement.makes_due:
            self.make_due(settlement.at)

    def make_due(self, now_at: datetime) -> None:
        self._check()
        self.next_at = {id: min(at, now_at) for id, at in self.next_at.items()}

    def _check(self) -> None:
        if self.is_away:
            raise UnavailableError("away")
