"""What cameras have of their own that concerns what is kept: exceptions to the law, and days."""

from __future__ import annotations

from collections.abc import Mapping

from surveil.config import Fleet
from surveil.policy import FORBIDDEN_AREAS
from surveil.store.audit import record
from surveil.store.engine import Database, writing


def own_days(fleet: Fleet) -> dict[str, int]:
    """Return the days of those cameras that are kept for less than the fleet says."""
    found = {}
    for id_, camera in fleet.cameras.items():
        days = camera.privacy.keeps_days(fleet.retention.days)
        if days is not None and days != fleet.retention.days:
            found[id_] = days
    return found


def exceptions_of(fleet: Fleet) -> dict[str, dict[str, str]]:
    """Return by camera why emotions are inferred where the law allows it by exception alone."""
    return {
        id_: {"area": camera.privacy.area.value, **camera.privacy.exception.model_dump()}
        for id_, camera in fleet.cameras.items()
        if camera.enabled
        and camera.privacy.area in FORBIDDEN_AREAS
        and camera.privacy.exception is not None
    }


def note_exceptions(database: Database, exceptions: Mapping[str, Mapping[str, str]]) -> None:
    """Write into the audit log, at each start, by which exceptions cameras are watched.

    Raises:
        UnavailableError: SQL is away.
    """
    if not exceptions:
        return
    with writing(database) as connection:
        for camera, why in sorted(exceptions.items()):
            record(connection, "recorder", "watch-by-exception", f"camera {camera}", why)
