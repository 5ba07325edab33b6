"""The rows of cameras: their locks, and what the configuration says beside what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from surveil.store.tables import camera


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """``source`` is the address without credentials; ``settings`` hold no secrets either."""

    source: str
    settings: Mapping[str, Any]


def lock_camera(connection: sa.Connection, camera_id: str) -> None:
    """Let no other transaction write of a camera until this one is over.

    On SQLite the transaction is the only one that writes.
    """
    connection.execute(sa.select(camera.c.id).where(camera.c.id == camera_id).with_for_update())


def describe_cameras(
    connection: sa.Connection, cameras: Mapping[str, CameraSettings], ids: Iterable[str]
) -> None:
    """Note the settings of some cameras that are stored; of others nothing is known yet."""
    for camera_id in sorted(set(ids) & cameras.keys()):
        known = cameras[camera_id]
        connection.execute(
            sa.update(camera)
            .where(camera.c.id == camera_id)
            .values(source=known.source, settings=dict(known.settings))
        )
