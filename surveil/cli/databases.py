"""The options that say which database: apart from the others, since SQLAlchemy is slow to load."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from surveil.cli.options import find_fleet
from surveil.config.loading import load_database
from surveil.config.urls import read_database_url
from surveil.sqlite_place import check_place_of
from surveil.store.engine import Database, connect

_WAY = "give --fleet FLEET.yaml or --database URL"


def with_database(*, create: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--fleet`` and ``--database``; the command gets an open ``database: Database``.

    Args:
        create: Make the file of a SQLite database that is missing; else that is an error.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.option(
            "--fleet",
            "fleet_file",
            type=click.Path(path_type=Path),
            metavar="FLEET.yaml",
            help="Fleet whose database it is.  [default: $SURVEIL_FLEET, else ./fleet.yaml]",
        )
        @click.option(
            "--database",
            "url",
            metavar="URL",
            help="Database in place of a fleet's; with a password better in $SURVEIL_DATABASE.",
        )
        @functools.wraps(function)
        def wrapper(*args: Any, fleet_file: Path | None, url: str | None, **options: Any) -> Any:
            database = open_database(fleet_file, url, create=create)
            try:
                return function(*args, database=database, **options)
            finally:
                database.dispose()

        return wrapper

    return decorate


def open_database(fleet_file: Path | None, url: str | None, *, create: bool) -> Database:
    """Return the engine of a database URL or of a fleet file.

    Without both, ``$SURVEIL_DATABASE``, ``$SURVEIL_FLEET`` and ``./fleet.yaml`` are tried in turn.

    Raises:
        ConfigError: None is given, there is something wrong with it, or something else is where the
            SQLite file should be.
        UnavailableError: There is no such SQLite file.
    """
    if url is None and fleet_file is None:
        url = os.environ.get("SURVEIL_DATABASE")
    secret = (
        load_database(find_fleet(fleet_file, way=_WAY)) if url is None else read_database_url(url)
    )
    check_place_of(secret.reveal())
    return connect(secret.reveal(), create=create, statement_timeout_s=None)
