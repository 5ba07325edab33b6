"""What was last known of each camera."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from surveil.domain import Reason
from surveil.store.leases import database_now
from surveil.store.scope import Scope
from surveil.store.tables import camera, camera_event, lease


@dataclass(frozen=True, slots=True)
class LastState:
    """The last that SQL knows of a camera.

    Attributes:
        camera: Its id.
        state: Its last state.
        reason: Why; that inference was starting is over once the camera was analysed.
        at: Since when, UTC.
        analysed_until_at: End of its last analysed interval, None where there was none.
    """

    camera: str
    state: str
    reason: str
    at: datetime
    analysed_until_at: datetime | None

    @property
    def known_at(self) -> datetime:
        """Until when anything is known of it."""
        return max(self.at, self.analysed_until_at or self.at)


def load_last_states(connection: sa.Connection, scope: Scope) -> list[LastState]:
    """Return the last state of each camera of which one is stored, by id."""
    cameras = sa.select(camera.c.id, camera.c.last_analysed_at)
    found = []
    for one in connection.execute(cameras.where(scope.admits(camera.c.id)).order_by(camera.c.id)):
        # One look into the index for each: a window over all states of months would be slow.
        last = connection.execute(
            sa.select(camera_event.c.state, camera_event.c.reason, camera_event.c.at)
            .where(camera_event.c.camera_id == one.id)
            .order_by(
                camera_event.c.at.desc(), camera_event.c.run_id.desc(), camera_event.c.seq.desc()
            )
            .limit(1)
        ).one_or_none()
        if last is not None:
            reason, until_at = last.reason, one.last_analysed_at
            if reason == Reason.STARTING and until_at is not None and until_at > last.at:
                reason = Reason.NONE.value
            found.append(LastState(one.id, last.state, reason, last.at, until_at))
    return found


def find_holder(connection: sa.Connection, scope: Scope, camera_id: str) -> str | None:
    """Return the host that watches a camera now, where hosts share cameras."""
    query = sa.select(lease.c.holder).where(
        scope.admits(lease.c.subject),
        lease.c.subject == camera_id,
        lease.c.released_at.is_(None),
        lease.c.expires_at > database_now(connection),
    )
    return connection.execute(query).scalar_one_or_none()
