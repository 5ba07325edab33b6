"""Options that several commands share."""

from __future__ import annotations

import functools
import getpass
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from surveil.durations import parse_duration
from surveil.errors import ConfigError
from surveil.plaintext import is_plain

DEFAULT_FLEET = Path("fleet.yaml")

MOST_AUTHOR_CHARS = 100

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""The years that are stored; arithmetic on instants has room on both sides."""


def with_fleet_file(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument FLEET.yaml; the command gets ``fleet_file: Path``."""

    @click.argument(
        "fleet", metavar="[FLEET.yaml]", required=False, type=click.Path(path_type=Path)
    )
    @functools.wraps(function)
    def wrapper(*args: Any, fleet: Path | None, **options: Any) -> Any:
        return function(*args, fleet_file=find_fleet(fleet), **options)

    return wrapper


def with_author(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--by``; the command gets ``by: str``, a name without control characters."""

    @click.option("--by", help="Who says so.  [default: the user of this machine]")
    @functools.wraps(function)
    def wrapper(*args: Any, by: str | None, **options: Any) -> Any:
        by = _this_user() if by is None else by.strip()
        if not by or len(by) > MOST_AUTHOR_CHARS or not is_plain(by):
            raise ConfigError(f"--by: 1 to {MOST_AUTHOR_CHARS} characters, none of control")
        return function(*args, by=by, **options)

    return wrapper


def _this_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"  # a container's user need not have a name


def find_fleet(given: Path | None, *, way: str = "give FLEET.yaml") -> Path:
    """Return the fleet file of every command: the one given, ``$SURVEIL_FLEET``, ./fleet.yaml.

    Args:
        given: As an argument or option of the command.
        way: How it would have been given, for the message.

    Raises:
        ConfigError: None is given, and there is none in the working directory.
    """
    if given is not None:
        return given
    named = os.environ.get("SURVEIL_FLEET")
    if not named and not DEFAULT_FLEET.is_file():
        raise ConfigError(
            f"which fleet? There is no {DEFAULT_FLEET} here: {way}, or set SURVEIL_FLEET"
        )
    return Path(named) if named else DEFAULT_FLEET


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

    ``20260301`` is a day, as ISO 8601 has it; other numbers without a unit are refused. What lies
    outside the years that are stored becomes their first or last instant.

    Raises:
        ConfigError: It is neither.
    """
    text = text.strip()
    if text.lower() == "now":
        return now
    is_number = text.replace(".", "", 1).isdecimal()
    if not is_number:
        with suppress(ValueError):
            return max(now - timedelta(seconds=parse_duration(text)), EARLIEST)
    try:
        if is_number and len(text) != len("20260301"):
            raise ValueError("a number without a unit")
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = f"; did you mean {text}s?" if is_number else ""
        raise ConfigError(
            f"{option} {text!r} is neither a duration such as 1h nor an instant such as "
            f"2026-03-01T12:00{hint}"
        ) from None
    if not EARLIEST.year <= at.year < LATEST.year:
        return EARLIEST if at.year < EARLIEST.year else LATEST
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
