"""The system's page tells all to who sees all cameras, and of the others' cameras nothing."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

from kit.statuses import camera, daemon, worker
from kit.web import MINE, OTHER, Dashboard

from surveil.errors import UnavailableError
from surveil.store.access import Role
from surveil.web.pages.system import drops_of, limits_of


def test_processes_are_told_to_who_sees_all_cameras(sqlite_dashboard: Dashboard) -> None:
    board = sqlite_dashboard
    board.status = daemon(
        camera(MINE, dropped={"busy": 4}), camera(OTHER, dropped={"decode": 7}),
        workers=(worker("inference", losses={"hung": 2}, starts=3),),
    )  # fmt: skip
    page = board.client(board.key()).get("/system").text
    assert "hung 2" in page
    assert "decode" in page
    mine = board.client(board.key(Role.VIEWER, (MINE,), name="bob")).get("/system").text
    assert "hung" not in mine
    assert OTHER not in mine
    assert "decode" not in mine
    assert "busy" in mine


def test_bundle_has_no_secret_and_no_faces(sqlite_dashboard: Dashboard) -> None:
    board = sqlite_dashboard
    answer = board.client(board.key()).get("/system/support.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        texts = {
            name.rpartition("/")[2]: archive.read(name).decode() for name in archive.namelist()
        }
    assert {one["faces"] for one in json.loads(texts["status.json"])["cameras"]} == {None}
    assert MINE in json.loads(texts["configuration.json"])["cameras"]
    for role in (Role.VIEWER, Role.OPERATOR):
        other = board.client(board.key(role, name=role.value))
        assert other.get("/system/support.zip").status_code == 403


def test_page_and_bundle_without_a_daemon(sqlite_dashboard: Dashboard) -> None:
    board = sqlite_dashboard
    board.status = UnavailableError("nothing listens there")
    client = board.client(board.key())
    assert "nothing listens there" in client.get("/system").text
    assert client.get("/system/support.zip").status_code == 200


def test_limits_are_named() -> None:
    assert limits_of(replace(daemon(camera()), carries=4)) == []
    said = limits_of(
        replace(
            daemon(
                camera(),
                camera("vault", is_degraded=True),
                workers=(worker(memory_bytes=99, ceiling_bytes=100),),
            ),
            carries=1,
        )
    )
    assert len(said) == 2
    assert drops_of([camera(dropped={"busy": 0})]) == []
