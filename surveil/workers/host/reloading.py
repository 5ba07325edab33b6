"""The rules and receivers in force, which are read again when the daemon is asked to (SIGHUP)."""

from __future__ import annotations

from collections.abc import Callable

from surveil.config import Fleet
from surveil.errors import SurveilError
from surveil.logs import get_logger

_KEYS = ("rules", "receivers")


class Reloading:
    """A fleet whose rules and receivers may be replaced while it runs.

    Everything else of the configuration stays as it was at the start. What cannot be read, or is
    wrong, changes nothing: the rules that are in force stay.

    Args:
        fleet: As it was read at the start.
        read: Reads it again; None where nobody knows how.
    """

    def __init__(self, fleet: Fleet, read: Callable[[], Fleet] | None) -> None:
        self.fleet = fleet
        self._read = read
        self._log = get_logger("supervisor")

    def read_again(self) -> bool:
        """Take the rules and receivers as they are now; return whether they have changed."""
        if self._read is None:
            self._log.warning("rules.kept", reason="this daemon was not started by a fleet file")
            return False
        try:
            found = self._read()
        except SurveilError as error:
            self._log.error("rules.kept", reason="they are wrong now", error=str(error))
            return False
        except OSError as error:
            self._log.error("rules.kept", reason="they cannot be read", error=str(error))
            return False
        taken = self.fleet.model_copy(update={key: getattr(found, key) for key in _KEYS})
        if taken.to_wire() != found.to_wire():
            self._log.warning("fleet.changed", remedy="restart surveil run to apply the rest of it")
        if taken.to_wire() == self.fleet.to_wire():
            self._log.info("rules.unchanged")
            return False
        self.fleet = taken
        self._log.info("rules.taken", rules=len(taken.rules), receivers=len(taken.receivers))
        return True
