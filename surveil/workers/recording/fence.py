"""Keep what a host says of a camera that another has taken since out of the timeline."""

from __future__ import annotations

import time
from collections.abc import Sequence

from surveil.domain import Event
from surveil.store.engine import Connection
from surveil.store.leases import find_fenced, is_any

LOOK_EVERY_S = 30.0
"""How often a recorder that knows of no lease looks whether there is one."""


class Fence:
    """Asks SQL about leases only where hosts share cameras: elsewhere a batch costs nothing more.

    Used by one thread.
    """

    def __init__(self) -> None:
        self._is_spread = False
        self._look_mono_s = 0.0

    def find(self, connection: Connection, events: Sequence[Event]) -> dict[tuple[str, int], str]:
        """Return why some events are to be refused; see :func:`surveil.store.leases.find_fenced`.

        Args:
            connection: In the transaction that stores the others.
            events: Of one batch.
        """
        if not self._is_spread and any(event.token for event in events):
            self._is_spread = True
        now = time.monotonic()
        if not self._is_spread and now >= self._look_mono_s:
            self._look_mono_s = now + LOOK_EVERY_S
            self._is_spread = is_any(connection)
        return find_fenced(connection, events) if self._is_spread and events else {}
