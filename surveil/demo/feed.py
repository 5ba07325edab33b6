"""Reads a running fleet's events and alerts for ``surveil demo``; never in anybody's way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis

from surveil.demo.report import MAX_ROWS, DemoReport, read_report
from surveil.demo.view import FleetView
from surveil.errors import UnavailableError
from surveil.events.codec import EventFormatError, decode
from surveil.events.connection import open_client
from surveil.events.embedded import embedded_url
from surveil.events.streams import stream_key
from surveil.store import connect
from surveil.store.engine import reading
from surveil.store.reading import load_active
from surveil.store.scope import Scope

_READ_COUNT = 500


class DemoFeed:
    """Follows the stream without a consumer group, and asks SQL for the alerts that fire.

    Args:
        data_dir: Of the fleet, which has one partition and the default database.
        view: Brought up to date by :meth:`refresh`.
    """

    def __init__(self, data_dir: Path, view: FleetView) -> None:
        self._database = f"sqlite:///{data_dir}/surveil.db"
        self._client = open_client(embedded_url(data_dir), name="surveil-demo")
        self._last_id = "0"
        self._view = view
        self.firing: list[tuple[str, str]] = []

    def refresh(self) -> None:
        """Take in what is new. Servers that are not there yet are tried again at the next call."""
        try:
            answer: Any = self._client.xread({stream_key(0): self._last_id}, count=_READ_COUNT)
        except (redis.RedisError, OSError):
            return  # still starting, or already ended
        for _, entries in answer:
            for entry_id, fields in entries:
                self._last_id = entry_id
                try:
                    self._view.observe(decode(fields))
                except EventFormatError:
                    continue  # the recorder counts and keeps it
        try:
            engine = connect(self._database, create=False)
            with reading(engine) as connection:
                active = load_active(connection, Scope.all(), rule=None, limit=MAX_ROWS)
            self.firing = [(one.rule, one.key) for one in active if one.state != "pending"]
            engine.dispose()
        except UnavailableError:
            return  # no database or no tables yet

    def report(self, cameras: list[str]) -> DemoReport:
        """Read what is stored.

        Raises:
            UnavailableError: There is no database.
        """
        engine = connect(self._database, create=False)
        with reading(engine) as connection:
            report = read_report(connection, cameras)
        engine.dispose()
        return report

    def close(self) -> None:
        """Close the connection to Redis."""
        self._client.close()
