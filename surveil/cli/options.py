"""Options that several commands share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from surveil.config import load_fleet
from surveil.config.urls import read_database_url
from surveil.durations import parse_duration
from surveil.errors import ConfigError
from surveil.store.engine import Database, connect

DEFAULT_FLEET = Path("fleet.yaml")


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
        ConfigError: None is given, or there is something wrong with it.
        UnavailableError: There is no such SQLite file.
    """
    if url is None and fleet_file is None:
        url = os.environ.get("SURVEIL_DATABASE")
        fleet_file = Path(os.environ.get("SURVEIL_FLEET", DEFAULT_FLEET))
        if url is None and fleet_file == DEFAULT_FLEET and not fleet_file.is_file():
            raise ConfigError("which database? Give --fleet FLEET.yaml or --database URL")
    if url is not None:
        return connect(read_database_url(url).reveal(), create=create, statement_timeout_s=None)
    assert fleet_file is not None
    return connect(
        load_fleet(fleet_file).database.reveal(), create=create, statement_timeout_s=None
    )


def read_zone(name: str | None) -> tzinfo:
    """Return a time zone by name; of this machine without a name.

    Raises:
        ConfigError: It is not known here.
    """
    name = name or _local_zone_name()
    if name.upper() in ("UTC", "Z", "ETC/UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"time zone {name!r} is not known here; give --tz such as Europe/Berlin or UTC"
        ) from None


def _local_zone_name() -> str:
    try:
        target = str(Path("/etc/localtime").resolve(strict=True))
    except OSError:
        return "UTC"
    # macOS and Linux both link to …/zoneinfo/Area/City.
    _, found, name = target.partition("zoneinfo/")
    return name.removeprefix("posix/") if found else "UTC"


def read_instant(text: str, now: datetime, zone: tzinfo, option: str) -> datetime:
    """Return the instant that ``1h`` (ago) or ``2026-03-01T12:00`` (local, or with offset) means.

    Raises:
        ConfigError: It is neither, or a duration of centuries.
    """
    if text.strip().lower() == "now":
        return now
    try:
        return now - timedelta(seconds=parse_duration(text))
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{option} {text!r} is neither a duration such as 1h nor an instant such as "
            "2026-03-01T12:00"
        ) from None
