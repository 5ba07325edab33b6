"""Rules tested on history: who may, one at a time, and nothing of other cameras."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi.testclient import TestClient
from kit.events import after
from kit.web import MINE, OTHER, Dashboard, dashboard_of, fill

from surveil.rules.model import Rule
from surveil.store.access import Role
from surveil.store.audit import load_audit
from surveil.store.engine import reading
from surveil.web.replays import Replays

PATH = "/rules/joy/history"
END_S = 300.0


def wait_for_end(client: TestClient) -> None:
    replays: Replays = client.app.state.replays  # type: ignore[attr-defined]
    last = replays._last
    assert last is not None
    assert last.job.wait(END_S)


def board_of(database: sa.Engine) -> Dashboard:
    board = dashboard_of(database)
    fill(database, (MINE, OTHER))
    board.now = after(120)
    return board


def test_an_operator_sees_what_the_rule_would_have_done(database: sa.Engine) -> None:
    board = board_of(database)
    client = board.client(board.key(Role.OPERATOR))
    assert PATH in client.get("/rules").text
    assert "Test" in client.get(PATH).text

    answer = client.post(PATH, data={"hours": "6"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    wait_for_end(client)

    assert "Seconds firing" in client.get(PATH).text
    assert "hx-trigger" not in client.get(f"{PATH}/part").text
    with reading(database) as connection:
        acts = [(row.actor, row.action, row.subject) for row in load_audit(connection, limit=9)]
    assert ("ann", "test-rule", "rule joy") in acts


def test_one_is_tested_at_a_time_and_can_be_stopped(sqlite_dashboard: Dashboard) -> None:
    board = sqlite_dashboard
    client = board.client(board.key(Role.OPERATOR))
    other = TestClient(client.app, base_url=str(client.base_url))
    other.headers["origin"] = client.headers["origin"]
    other.cookies.set("surveil_session", board.key(Role.OPERATOR, name="bob"))

    client.post(PATH, data={"hours": "168"})
    replays: Replays = client.app.state.replays  # type: ignore[attr-defined]
    assert replays._last is not None
    job = replays._last.job
    assert "<progress" not in other.get(PATH).text
    other.post(f"{PATH}/stop")
    assert job.failure == ""
    refused = other.post(PATH, data={"hours": "6"}).status_code == 503
    assert refused or job.is_over
    client.post(f"{PATH}/stop")
    wait_for_end(client)
    assert job.failure in ("", "it was stopped")


def test_who_may_not_is_told_so(sqlite_dashboard: Dashboard) -> None:
    board = sqlite_dashboard
    crowd = {"name": "crowd", "by": "site", "when": [{"faces": {"over": "5s"}, "above": 3}]}
    rules = (*board.site.fleet.rules, Rule.model_validate(crowd))
    board.site.fleet = board.site.fleet.model_copy(update={"rules": rules})

    viewer = board.client(board.key(Role.VIEWER))
    assert viewer.post(PATH, data={"hours": "6"}).status_code == 403
    assert viewer.post(f"{PATH}/stop").status_code == 403
    assert PATH not in viewer.get("/rules").text

    scoped = board.client(board.key(Role.OPERATOR, (MINE,), name="cy"))
    assert scoped.post("/rules/crowd/history", data={"hours": "6"}).status_code == 403
    assert "several cameras" in scoped.get("/rules/crowd/history").text
    assert scoped.post("/rules/none/history", data={"hours": "6"}).status_code == 404
    assert scoped.post(PATH, data={"hours": "9000"}).status_code == 422


def test_nothing_is_found_of_cameras_that_the_operator_may_not_see(database: sa.Engine) -> None:
    board = board_of(database)
    found = []
    for cameras in (("*",), (MINE,)):
        client = board.client(board.key(Role.OPERATOR, cameras))
        client.post(PATH, data={"hours": "6"})
        wait_for_end(client)
        found.append(client.get(f"{PATH}/part").text)

    assert MINE in found[0]
    assert OTHER in found[0]
    assert MINE in found[1]
    assert OTHER not in found[1]
