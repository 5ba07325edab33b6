"""Which cameras a question may be about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Scope:
    """All cameras, or some. Every function of :mod:`surveil.store.reading` asks for one.

    What belongs to no single camera, such as an alert of a whole site, is seen with all cameras
    alone: it says something of each of them.

    Attributes:
        cameras: Ids; None for all, of whatever cameras are stored.
    """

    cameras: frozenset[str] | None

    @classmethod
    def all(cls) -> Scope:
        """See everything."""
        return cls(None)

    @classmethod
    def only(cls, cameras: Iterable[str]) -> Scope:
        """See some cameras, and nothing where there are none."""
        return cls(frozenset(cameras))

    def admits(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Return the condition that a row with a camera's id in ``column`` is seen."""
        return sa.true() if self.cameras is None else column.in_(sorted(self.cameras))

    def sees(self, camera_id: str) -> bool:
        """Return whether a camera is among them."""
        return self.cameras is None or camera_id in self.cameras
