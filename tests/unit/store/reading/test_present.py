"""Who is in view now is who was in the newest interval, and nobody where nothing is known."""

from __future__ import annotations

import sqlalchemy as sa
from kit.events import CameraLife, after, make_vote

from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.reading import load_present
from surveil.store.scope import Scope


def test_faces_are_those_of_the_newest_interval(database: sa.Engine) -> None:
    life = CameraLife().sees(0, 1, make_vote(1), make_vote(2)).sees(1, 2, make_vote(3))
    with writing(database) as connection:
        write_batch(connection, life)
    with reading(database) as connection:
        found = load_present(connection, Scope.all(), "lobby", since_at=after(0))
        assert found is not None
        assert [face.track_id for face in found.faces] == [3]
        assert found.to_at == after(2)
        assert load_present(connection, Scope.all(), "lobby", since_at=after(2)) is None
        assert load_present(connection, Scope.only(["vault"]), "lobby", since_at=after(0)) is None
