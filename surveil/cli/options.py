"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import sqlalchemy as sa

from surveil.config import load_fleet
from surveil.durations import parse_duration
from surveil.errors import ConfigError
from surveil.store.engine import connect

FLEET_VARIABLE = "SURVEIL_FLEET"
DEFAULT_FLEET = Path("fleet.yaml")

Command = TypeVar("Command", bound=Callable[..., Any])


def store_options(command: Command) -> Command:
    """Add ``--fleet`` and ``--database``; hand both to :func:`open_store`."""
    command = click.option(
        "--database",
        metavar="URL",
        help="Read this database instead of the fleet's: sqlite:///PATH or postgresql+psycopg://…",
    )(command)
    return click.option(
        "--fleet",
        "fleet_file",
        metavar="FLEET.yaml",
        type=click.Path(path_type=Path),
        help=f"Read the database of this fleet. [default: ${FLEET_VARIABLE}, else {DEFAULT_FLEET}]",
    )(command)


def open_store(fleet_file: Path | None, database: str | None) -> sa.Engine:
    """Return the database that the options of :func:`store_options` name; it must exist.

    Raises:
        ConfigError: Both were given, or the fleet file has errors.
        UnavailableError: There is no such SQLite file.
    """
    if database is not None:
        if fleet_file is not None:
            raise ConfigError("give --fleet or --database, not both")
        return connect(database, create=False)
    path = fleet_file or Path(os.environ.get(FLEET_VARIABLE) or DEFAULT_FLEET)
    if not path.is_file():
        raise ConfigError(f"no fleet file at {path}: give --fleet FLEET.yaml or --database URL")
    return connect(load_fleet(path).database.reveal(), create=False)


def read_duration(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Return the seconds of ``30s``, ``1.5h`` or ``1d``; a callback for options."""
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
