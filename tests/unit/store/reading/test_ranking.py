"""Cameras are ranked by share, those with few faces are not, and nobody learns of others."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from kit.events import CameraLife, after, make_vote

from surveil.domain import EMOTIONS
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.reading import rank_cameras
from surveil.store.scope import Scope


@pytest.mark.parametrize("days", [1, 3])
def test_cameras_with_few_faces_are_not_ranked(database: sa.Engine, days: int) -> None:
    with writing(database) as connection:
        for camera, seconds in (("lobby", 60), ("vault", 3)):
            life = CameraLife(camera, run=f"01{camera}")
            for second in range(seconds):
                life.sees(second, second + 1, make_vote(1))
            write_batch(connection, life)
    shown = make_vote(1).emotion
    start = after(0).replace(minute=0, second=0, microsecond=0)
    span = {"from_at": start, "to_at": start + timedelta(days=days), "limit": 10}
    with reading(database) as connection:
        found = rank_cameras(connection, Scope.all(), shown, least_votes=10, **span)  # type: ignore[arg-type]
        assert [one.camera for one in found] == ["lobby"]
        assert found[0].share == 1.0
        assert found[0].votes == 60
        assert found[0].coverage == pytest.approx(60 / timedelta(days=days).total_seconds())
        assert len(rank_cameras(connection, Scope.all(), shown, least_votes=1, **span)) == 2  # type: ignore[arg-type]
        other = next(one for one in EMOTIONS if one is not shown)
        (vault,) = rank_cameras(connection, Scope.only(["vault"]), other, least_votes=1, **span)  # type: ignore[arg-type]
        assert (vault.camera, vault.share) == ("vault", 0.0)
