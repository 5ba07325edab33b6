"""What was last known of cameras whose daemon does not answer."""

from __future__ import annotations

import sqlalchemy as sa
from kit.events import CameraLife, after

from surveil.domain import CameraState, Reason
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.reading import load_last_states
from surveil.store.scope import Scope


def test_a_camera_that_was_analysed_is_not_said_to_start(database: sa.Engine) -> None:
    lobby, vault = CameraLife("lobby", "01A"), CameraLife("vault", "01B")
    for life in (lobby, vault):
        life.says(0, CameraState.LIVE, Reason.STARTING)
    lobby.sees(5, 6)
    with writing(database) as connection:
        write_batch(connection, [*lobby, *vault])
    with reading(database) as connection:
        one, other = load_last_states(connection, Scope.all())
    assert (one.state, one.reason, one.analysed_until_at) == ("live", "none", after(6))
    assert (other.state, other.reason, other.analysed_until_at) == ("live", "starting", None)
