"""Options that several commands share."""

from __future__ import annotations

import functools
import getpass
import os
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click

from surveil.durations import format_duration, parse_duration
from surveil.errors import ConfigError
from surveil.instants import find_zone, parse_instant
from surveil.plaintext import is_plain

DEFAULT_FLEET = Path("fleet.yaml")

MOST_AUTHOR_CHARS = 100


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
        return find_zone(name)
    except ValueError as error:
        raise ConfigError(f"time zone {name!r} {error}") from None


def _local_zone_name() -> str:
    try:
        target = str(Path("/etc/localtime").resolve(strict=True))
    except OSError:
        return "UTC"
    # macOS and Linux both link to …/zoneinfo/Area/City.
    _, found, name = target.partition("zoneinfo/")
    return name.removeprefix("posix/") if found else "UTC"


def read_instant(text: str, now: datetime, zone: tzinfo, option: str) -> datetime:
    """Return the instant that an option means; see :func:`surveil.instants.parse_instant`.

    Raises:
        ConfigError: It means none.
    """
    try:
        return parse_instant(text, now, zone)
    except ValueError as error:
        raise ConfigError(f"{option} {text!r} {error}") from None


def read_duration(text: str, option: str, *, least_s: float, most_s: float) -> float:
    """Return the seconds that an option such as ``2h`` means.

    Raises:
        ConfigError: It is no duration, or not within the bounds.
    """
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text!r} {error}") from None
    if not least_s <= seconds <= most_s:
        bounds = f"{format_duration(least_s)} to {format_duration(most_s)}"
        raise ConfigError(f"{option} {text!r} must be {bounds}")
    return seconds
