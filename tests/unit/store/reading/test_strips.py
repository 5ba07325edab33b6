"""The overview's minutes agree with the timeline."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from kit.events import CameraLife, after, make_vote

from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.reading import load_strips, read_timeline
from surveil.store.scope import Scope


def test_minutes_are_those_of_the_timeline(database: sa.Engine) -> None:
    now = after(150)
    with writing(database) as connection:
        life = CameraLife()
        for second in range(90):
            life.sees(second, second + 1, make_vote(1))
        write_batch(connection, life)
    start = after(0).replace(second=0, microsecond=0)
    with reading(database) as connection:
        (camera,) = (strips := load_strips(connection, Scope.all(), now=now, minutes=5))
        minutes = {one.at: one for one in strips[camera]}
        edges = [start + timedelta(minutes=i) for i in range(2)]
        (bucket,) = read_timeline(connection, Scope.all(), camera, edges, now)
        assert load_strips(connection, Scope.only([]), now=now, minutes=5) == {}
    assert len(minutes) == 5
    assert minutes[start].votes == bucket.votes
    assert minutes[start].coverage == bucket.coverage
