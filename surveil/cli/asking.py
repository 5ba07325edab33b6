"""Ask the daemon of a fleet file; and SQL for what was last known where none runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from surveil.cli.databases import open_database
from surveil.config.loading import load_listening
from surveil.errors import SurveilError, UnavailableError
from surveil.live.asking import ask_status
from surveil.live.status import DaemonStatus
from surveil.store.engine import reading
from surveil.store.reading import LastState, load_last_states
from surveil.store.revisions import require_current
from surveil.store.scope import Scope
from surveil.workers.host.datadir import PORT_NAME


class Absent(NamedTuple):
    """No daemon answers.

    Attributes:
        why: What was found in its place.
        known: The last of each camera, where SQL tells.
        unknown: Why SQL tells nothing, or an empty text.
    """

    why: str
    known: tuple[LastState, ...] = ()
    unknown: str = ""

    @property
    def as_of_at(self) -> datetime | None:
        """Until when anything is known."""
        return max((one.known_at for one in self.known), default=None)


def ask(fleet_file: Path) -> DaemonStatus:
    """Return how the daemon of a fleet file stands.

    Raises:
        ConfigErrors: The file does not say where it listens.
        UnavailableError: It does not run, or does not answer.
    """
    place = load_listening(fleet_file)
    port = place.http.port
    if port == 0:
        try:
            port = int((place.data_dir / PORT_NAME).read_text(encoding="ascii"))
        except (OSError, ValueError):
            raise UnavailableError(f"no daemon has run in {place.data_dir}") from None
    status = ask_status(place.http.host, port)
    if status.data_dir != str(place.data_dir.resolve()):
        raise UnavailableError(
            f"http {place.http.host}:{port} is another fleet's, whose data_dir is {status.data_dir}"
        )
    return status


def look_back(fleet_file: Path, why: str) -> Absent:
    """Return what SQL knows of a fleet whose daemon does not answer."""
    try:
        database = open_database(fleet_file, None, create=False)
        try:
            with reading(database) as connection:
                require_current(connection)
                return Absent(why, tuple(load_last_states(connection, Scope.all())))
        finally:
            database.dispose()
    except SurveilError as error:
        return Absent(why, unknown=str(error))
