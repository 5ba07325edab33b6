"""Ask the daemon of a fleet; and SQL for what was last known where none runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from surveil.config.schema import Http
from surveil.errors import SurveilError, UnavailableError
from surveil.live.asking import ask_status
from surveil.live.status import PORT_NAME, DaemonStatus
from surveil.store.engine import Database, reading
from surveil.store.reading import LastState, load_last_states
from surveil.store.revisions import require_current
from surveil.store.scope import Scope


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


def ask(http: Http, data_dir: Path) -> DaemonStatus:
    """Return how the daemon of a fleet stands.

    Args:
        http: Where it listens.
        data_dir: Its own, by which it is known.

    Raises:
        UnavailableError: It does not run, or does not answer.
    """
    port = http.port
    if port == 0:
        try:
            port = int((data_dir / PORT_NAME).read_text(encoding="ascii"))
        except (OSError, ValueError):
            raise UnavailableError(f"no daemon has run in {data_dir}") from None
    status = ask_status(http.host, port)
    if status.data_dir != str(data_dir.resolve()):
        raise UnavailableError(
            f"http {http.host}:{port} is another fleet's, whose data_dir is {status.data_dir}"
        )
    return status


def look_back(database: Database, why: str, scope: Scope) -> Absent:
    """Return what SQL knows of the cameras of a fleet whose daemon does not answer.

    Args:
        database: Of the fleet.
        why: What was found in the daemon's place.
        scope: Cameras that may be told of.
    """
    try:
        with reading(database) as connection:
            require_current(connection)
            return Absent(why, tuple(load_last_states(connection, scope)))
    except SurveilError as error:
        return Absent(why, unknown=str(error))
