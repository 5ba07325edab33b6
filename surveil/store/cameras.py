"""What the configuration says of cameras, beside what was seen of them."""

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
