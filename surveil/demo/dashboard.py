"""The dashboard of a fleet that runs beside this process: its port, and a link that opens it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from surveil.errors import SurveilError
from surveil.store.access import make_link
from surveil.store.engine import connect, writing


def free_port() -> int:
    """Return a port of this machine that nobody listens on, for the next moment."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


class Link:
    """Makes one link, once the fleet's database and its dashboard are there.

    Args:
        data_dir: Of the fleet, with its SQLite file.
        port: Where the dashboard is served.
        tell: Is given the address, once.
        page: Path of the page that it opens.
    """

    def __init__(
        self, data_dir: Path, port: int, tell: Callable[[str], None], *, page: str = "/"
    ) -> None:
        self._file = data_dir / "surveil.db"
        self._port = port
        self._tell = tell
        self._page = page
        self.is_told = False

    def offer(self) -> None:
        """Tell the address if it has not been told and can be opened now."""
        if self.is_told or not self._file.exists() or not self._listens():
            return
        database = connect(f"sqlite:///{self._file}")
        try:
            with writing(database) as connection:
                key = make_link(connection, datetime.now(UTC))
        except SurveilError:
            return  # its tables are being made
        finally:
            database.dispose()
        self.is_told = True
        then = "" if self._page == "/" else f"?then={self._page}"
        self._tell(f"http://localhost:{self._port}/open/{key}{then}")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 0.5).close()
        except OSError:
            return False
        return True
