"""Ask the daemon of a fleet file; and its database for what was last known where none runs."""

from __future__ import annotations

from pathlib import Path

from surveil.cli.databases import open_database
from surveil.config.loading import load_listening
from surveil.errors import SurveilError
from surveil.live import standing
from surveil.live.standing import Absent
from surveil.live.status import DaemonStatus
from surveil.store.scope import Scope


def ask(fleet_file: Path) -> DaemonStatus:
    """Return how the daemon of a fleet file stands.

    Raises:
        ConfigErrors: The file does not say where it listens.
        UnavailableError: It does not run, or does not answer.
    """
    place = load_listening(fleet_file)
    return standing.ask(place.http, place.data_dir)


def look_back(fleet_file: Path, why: str) -> Absent:
    """Return what SQL knows of a fleet whose daemon does not answer."""
    try:
        database = open_database(fleet_file, None, create=False)
    except SurveilError as error:
        return Absent(why, unknown=str(error))
    try:
        return standing.look_back(database, why, Scope.all())
    finally:
        database.dispose()
