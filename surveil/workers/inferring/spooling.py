"""Drafts of events into the spool, and those that its disk refuses kept for later."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable

from surveil.domain import IntervalEvent
from surveil.events.publisher import Publisher
from surveil.events.spool import Appended, Draft, Spool
from surveil.logs import get_logger
from surveil.reminders import Reminder
from surveil.workers.host.lifeline import Telemetry

MAX_BACKLOG = 5000
"""Drafts kept in memory while the spool's disk refuses them; they have no ``seq`` yet."""

_log = get_logger("inference")


class SpoolWriter:
    """Puts drafts into the spool, all or none; used by one thread.

    What fails is tried again with the next call; of more than ``MAX_BACKLOG`` the oldest are given
    up. Failing and being full are logged when they begin and when they end.

    Args:
        spool: Where to.
        publisher: Is woken when there is something new.
        telemetry: Gets ``events_total`` by type, ``events_refused_total`` by cause and
            ``spool_errors_total``.
    """

    def __init__(self, spool: Spool, publisher: Publisher, telemetry: Telemetry) -> None:
        self._spool = spool
        self._publisher = publisher
        self._telemetry = telemetry
        self._drafts: deque[Draft] = deque()
        self._is_full = False
        self._trouble = Reminder()

    def add(self, drafts: Iterable[Draft]) -> None:
        """Note drafts for the next :meth:`flush`."""
        self._drafts += drafts

    def flush(self) -> None:
        """Commit what was added.

        Raises:
            sqlite3.DatabaseError: The file is damaged, which no waiting mends; it is set aside when
                it is opened anew.
        """
        if not self._drafts:
            return
        try:
            appended = self._spool.append(self._drafts)
        except sqlite3.OperationalError as error:
            self._fail(error)
            return
        self._drafts.clear()
        if self._trouble.end():
            _log.info("spool.recovered")
        self._tell(appended)
        self._publisher.wake()

    def _tell(self, appended: Appended) -> None:
        for event in appended.events:
            kind = "interval" if isinstance(event, IntervalEvent) else "camera"
            self._telemetry.count("events_total", 1, type=kind)
        if appended.refused:
            self._telemetry.count("events_refused_total", appended.refused, cause="spool-full")
        if bool(appended.refused) != self._is_full:
            self._is_full = bool(appended.refused)
            log = _log.error if self._is_full else _log.info
            log("spool.full" if self._is_full else "spool.has_room")

    def _fail(self, error: sqlite3.OperationalError) -> None:
        self._telemetry.count("spool_errors_total")
        if self._trouble.is_due():
            _log.error("spool.failed", error=str(error), waiting=len(self._drafts))
        while len(self._drafts) > MAX_BACKLOG:
            self._drafts.popleft()
            self._telemetry.count("events_refused_total", 1, cause="spool-error")
