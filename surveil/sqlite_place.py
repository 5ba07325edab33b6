"""What stands where a SQLite database is, or is to be made. Loads no library for databases."""

from __future__ import annotations

import os
from pathlib import Path

from surveil.errors import ConfigError

HEADER = b"SQLite format 3\0"
"""How every SQLite file begins that is not empty (https://sqlite.org/fileformat.html, 1.3)."""
REMEDY = "move it away, or name another file in database: sqlite:///PATH"


def check_place_of(url: str) -> None:
    """Refuse a database URL that names a SQLite file as :func:`check_place` would.

    Args:
        url: ``sqlite:///PATH``, or another kind, of which nothing is known here.

    Raises:
        ConfigError: As there.
    """
    scheme, slashes, path = url.partition(":///")
    if scheme == "sqlite" and slashes and path:
        check_place(Path(path))


def check_place(path: Path) -> None:
    """Refuse a path at which, or on the way to which, something else is than a SQLite database.

    What is missing, or may not be read, is no objection: who opens it says so.

    Raises:
        ConfigError: What is in the way, and the remedy.
    """
    path = path.absolute()
    above = next((place for place in path.parents if os.path.lexists(place)), path.parent)
    if os.path.lexists(above) and not above.is_dir():
        raise ConfigError(f"no database can be at {path}: {above} is no folder; {REMEDY}")
    if path.is_symlink() and not path.exists():
        raise ConfigError(f"no database can be at {path}: it is a link to nothing; {REMEDY}")
    if path.is_dir():
        raise ConfigError(f"no database can be at {path}: there is a folder; {REMEDY}")
    if path.exists() and not path.is_file():
        raise ConfigError(f"no database can be at {path}: it is no plain file; {REMEDY}")
    if path.exists() and not _is_database(path):
        raise ConfigError(f"{path} is not a SQLite database; {REMEDY}")


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            begin = file.read(len(HEADER))
    except OSError:
        return True
    return begin in (b"", HEADER)
