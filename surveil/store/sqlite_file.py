"""The file of a SQLite database: made for its owner alone, and never taken for another one.

SQLite goes on with the file that it opened, wherever that is now. A file that was deleted, or
replaced by another of the same name, would swallow events without an error.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from surveil.errors import ConfigError
from surveil.sqlite_place import check_place

MOVED = (
    "the file was deleted or replaced while it was in use: put it back, or restart surveil to go "
    "on with the one that is there"
)
_EFFECTIVE = os.access in os.supports_effective_ids
Place = tuple[int, int]
"""Device and number of a file."""


class SqliteFile:
    """One file for as long as the process runs; used by all threads.

    Args:
        path: Where it is; the folder may be changed later.
        wait_s: How long a statement waits for another process's lock.
    """

    def __init__(self, path: Path, *, wait_s: float) -> None:
        self.path = path.absolute()
        self._wait_s = wait_s
        self._place: Place | None = None

    def make(self) -> None:
        """Make the file, readable by its owner alone, and its folder, where they are missing.

        SQLite gives the files beside it, ``-wal`` and ``-shm``, the same mode.

        Raises:
            ConfigError: There is something in the way, or it may not be made there.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            if not self.path.is_file():
                check_place(self.path)
        except OSError as error:
            check_place(self.path)
            raise ConfigError(f"cannot make {self.path}: {error.strerror}") from None

    def open(self) -> sqlite3.Connection:
        """Return a connection that begins transactions only when told to.

        Raises:
            sqlite3.Error: There is no such file, it is no database, or not the one opened first.
        """
        place = self._find()
        connection = sqlite3.connect(
            uri_of(self.path, "rw"),
            uri=True,
            timeout=self._wait_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}").close()
            if self._find() != place:
                raise sqlite3.OperationalError(MOVED)
        except sqlite3.Error:
            connection.close()
            raise
        self._place = place
        return connection

    @property
    def is_in_place(self) -> bool:
        """Whether the path leads to the file that was opened first, or none was opened."""
        return self._place is None or _place_of(self.path) == self._place

    @property
    def is_writable(self) -> bool:
        """Whether this process may write the file and those beside it.

        SQLite opens a file that it may not write for reading alone, and finds no fault in that;
        such a connection never writes again.
        """
        beside = [Path(f"{self.path}{end}") for end in ("", "-wal", "-shm")]
        return all(
            os.access(one, os.W_OK, effective_ids=_EFFECTIVE) for one in beside if one.exists()
        )

    def _find(self) -> Place:
        place = _place_of(self.path)
        if self._place is not None and place != self._place:
            raise sqlite3.OperationalError(MOVED)
        if place is None:
            raise sqlite3.OperationalError("unable to open database file")
        return place


def uri_of(path: Path, mode: str) -> str:
    """Return the URI by which SQLite opens a path, whatever letters are in it."""
    return f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"


def _place_of(path: Path) -> Place | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
