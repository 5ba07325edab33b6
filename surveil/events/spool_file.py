"""The spool's SQLite file: schema, settings, exclusive use, and what is done when it is damaged."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from surveil.errors import ConfigError
from surveil.locks import FileLock
from surveil.logs import get_logger

PREDECESSOR_S = 5.0
"""A killed worker's lock is gone at once; this is for one that is just ending."""

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (
    capture_run TEXT PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    camera TEXT NOT NULL,
    last_seq INTEGER NOT NULL DEFAULT 0,
    last_track_id INTEGER NOT NULL DEFAULT 0,
    last_state_index INTEGER NOT NULL DEFAULT 0,
    last_to_at TEXT,
    updated_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    camera TEXT NOT NULL,
    run TEXT NOT NULL,
    seq INTEGER NOT NULL,
    v TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    UNIQUE (run, seq)
) STRICT;
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""

_log = get_logger("events")


def lock_spool(path: Path, *, predecessor_s: float = PREDECESSOR_S) -> FileLock:
    """Hold the lock of a spool file, whose folder is made if need be.

    Raises:
        LockedError: Another process holds it and does not let go within ``predecessor_s``.
        OSError: The lock cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileLock(path.with_name(path.name + ".lock"), wait_s=predecessor_s)


def open_spool_file(path: Path) -> tuple[sqlite3.Connection, int]:
    """Open or make the file; one that is damaged is set aside and a new one begun.

    Returns:
        The connection, and Unix milliseconds of when a file was last set aside (0 for never): runs
        that began before may have been counted in it.

    Raises:
        ConfigError: The file is of another version.
    """
    try:
        return _open(path, None)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and path.exists() and _is_sound(path):
            raise  # a full or read-only disk says nothing against the file
        stamp = datetime.now(UTC)
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(part.with_name(f"{path.name}.damaged-{stamp:%Y%m%dT%H%M%S}{suffix}"))
        _log.error("spool.damaged", path=str(path))
        return _open(path, int(stamp.timestamp() * 1000) + 1)


def _open(path: Path, set_aside_ms: int | None) -> tuple[sqlite3.Connection, int]:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 16777216")
        (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, SCHEMA_VERSION):
            raise ConfigError(f"{path} was written by another version of surveil ({version})")
        db.executescript(_SCHEMA)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        if set_aside_ms is not None:
            db.execute("INSERT OR REPLACE INTO fact VALUES ('set_aside_ms', ?)", (set_aside_ms,))
            db.commit()
        row = db.execute("SELECT value FROM fact WHERE name = 'set_aside_ms'").fetchone()
        return db, int(row[0]) if row else 0
    except BaseException:
        db.close()
        raise


def _is_sound(path: Path) -> bool:
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False
