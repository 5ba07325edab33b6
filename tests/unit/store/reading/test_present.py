"""Who is in view now is who was in the newest interval, and nobody where nothing is known."""

from __future__ import annotations

import sqlalchemy as sa
from kit.events import CameraLife, after, make_vote

from surveil.domain import Emotion
from surveil.policy import Policy, apply
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.reading import Showing, load_present, load_showing
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


def test_expressions_are_counted_in_the_newest_interval_of_each_camera(database: sa.Engine) -> None:
    angry, sad = Emotion.ANGRY, Emotion.SAD
    lobby = CameraLife().sees(0, 1, *map(make_vote, range(9)))
    lobby.sees(1, 2, make_vote(1), make_vote(2), make_vote(3, angry))
    empty = CameraLife("vault", "01B").sees(1, 2)
    blind = CameraLife("yard", "01C").sees(0, 1, make_vote(1)).sees(1, 2, analysed=0, stale=5)
    group = [make_vote(n, sad) for n in range(5)]
    crowd = CameraLife("hall", "01D").sees(1, 2, *group)
    few = CameraLife("stairs", "01E").sees(0, 1, *group).sees(1, 2, *group[:4])
    policy = Policy(keeps_tracks=False, min_group=5)
    with writing(database) as connection:
        for life in (lobby, empty, blind):
            write_batch(connection, life)
        for life in (crowd, few):
            write_batch(connection, [apply(event, policy) for event in life])
    with reading(database) as connection:
        found = load_showing(connection, Scope.all(), since_at=after(0))
        assert found == {
            "lobby": Showing((1, 0, 0, 2, 0, 0, 0), is_crowd=False),
            "vault": Showing((0,) * 7, is_crowd=False),
            "hall": Showing((0, 0, 0, 0, 5, 0, 0), is_crowd=True),
            "stairs": Showing((0,) * 7, is_crowd=True),
        }  # of the yard nobody knows
        assert load_showing(connection, Scope.all(), since_at=after(2)) == {}
        assert set(load_showing(connection, Scope.only(["hall"]), since_at=after(0))) == {"hall"}
