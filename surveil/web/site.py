"""What all requests share: the database, the daemon's status, and where the fleet file was read.

Nothing here grows with requests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from surveil.config.schema import Fleet, Http
from surveil.errors import UnavailableError
from surveil.live.frames import LiveViews
from surveil.live.standing import Absent, ask, look_back
from surveil.live.status import DaemonStatus
from surveil.store.engine import Database
from surveil.store.scope import Scope
from surveil.web.tally import NoTally, Tally

MOST_QUERIES = 12
"""Transactions that are open at a time; each ends before its answer is sent."""

STATUS_FRESH_S = 1.0
"""A status is asked for no more often: the daemon makes a new one each second."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the daemon stands, as far as a viewer may know.

    Attributes:
        status: What it says; None where none answers.
        absent: What SQL knows where none answers.
    """

    status: DaemonStatus | None
    absent: Absent | None = None


@dataclass
class Site:
    """One fleet, as its dashboard serves it; used by many threads at once.

    Attributes:
        fleet: The configuration, without cameras' credentials.
        database: Where results are.
        live: What may be watched live on this host.
        ask_daemon: Returns how the daemon stands.
        now: The wall clock, UTC.
        tally: Where figures go.
    """

    fleet: Fleet
    database: Database
    live: LiveViews = field(default_factory=LiveViews)
    ask_daemon: Callable[[Http, Path], DaemonStatus] = ask
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tally: Tally = field(default_factory=NoTally)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _status: DaemonStatus | UnavailableError | None = None
    _asked_mono_s: float = float("-inf")

    def standing(self, scope: Scope) -> Standing:
        """Return how the daemon and its cameras stand, for somebody who may see ``scope``."""
        found = self._ask()
        if isinstance(found, DaemonStatus):
            return Standing(found if scope.cameras is None else found.within(scope.sees))
        return Standing(None, look_back(self.database, str(found), scope))

    def _ask(self) -> DaemonStatus | UnavailableError:
        with self._lock:
            if self._status is None or time.monotonic() - self._asked_mono_s > STATUS_FRESH_S:
                try:
                    found = self.ask_daemon(self.fleet.http, self.fleet.data_dir)
                    if "inference" not in found.roles:
                        raise UnavailableError(f"host {found.host} watches no cameras")
                    self._status = found
                except UnavailableError as error:
                    self._status = error
                self._asked_mono_s = time.monotonic()
            return self._status
