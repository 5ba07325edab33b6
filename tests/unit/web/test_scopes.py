"""Every route, walked as a user of one camera: as if there were no other.

The same fleet is made twice, with the other camera and without it; what the user is answered must
be the same, but for what is made anew each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlalchemy as sa
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from kit.rows import empty_tables
from kit.statuses import camera, daemon
from kit.web import MINE, OTHER, Dashboard, dashboard_of, fill, routes_of

from surveil.rules.model import Rule
from surveil.store.access import Role
from surveil.store.engine import reading
from surveil.store.tables import alert, silence

HOUR = {"from": "2026-03-01T09:55:00Z", "to": "2026-03-01T10:05:00Z"}
UNKNOWN = "nobody"
STREAMS = ("/api/v1/events",)
"""Answers without end; what they tell is tested with them."""

ANEW = (
    (re.compile(r"01[0-9A-HJKMNP-TV-Z]{24}"), "ID"),
    (re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "AT"),
)
"""Ids and the present."""


def rule(name: str, *cameras: str) -> Rule:
    when = [{"health": "camera", "silent_for": "15s"}]
    return Rule.model_validate({"name": name, "cameras": list(cameras), "when": when})


def made(database: sa.Engine, cameras: tuple[str, ...]) -> Dashboard:
    """Return a dashboard of these cameras, with all that is stored of them."""
    empty_tables(database)
    board = dashboard_of(database, cameras=cameras)
    board.status = daemon(*(camera(one) for one in cameras))
    rules = [rule("joy", *cameras), *(rule(f"only-{one}", one) for one in cameras)]
    board.site.fleet = board.site.fleet.model_copy(update={"rules": tuple(rules)})
    fill(database, cameras, with_site=OTHER in cameras)
    return board


def ids_of(database: sa.Engine, table: sa.Table) -> list[tuple[str | None, str]]:
    """Return the camera and id of each alert or silence."""
    with reading(database) as connection:
        rows = connection.execute(sa.select(table)).all()
    if table is alert:
        return [(row.camera_id, row.id) for row in rows]
    return [(row.matchers["camera"], row.id) for row in rows]


def values_of(board: Dashboard, name: str) -> list[tuple[str | None, str]]:
    """Return whose camera it is, and each value of a parameter of a path.

    A parameter that is not known here fails: add it, with whose it is.
    """
    match name:
        case "camera":
            return [(one, one) for one in board.site.fleet.cameras]
        case "alert_id" | "id_":
            return ids_of(board.database, alert)
        case "silence_id":
            return ids_of(board.database, silence)
        case "rule":
            rules = board.site.fleet.rules
            return [(one.cameras[0] if one.name != "joy" else MINE, one.name) for one in rules]
        case "link":
            return [(MINE, "x")]
        case "name":
            return [(MINE, "emotion-resnet18")]
    raise AssertionError(f"whose is the parameter {name}?")


def plain(text: str) -> str:
    """Return text without what is made anew each time."""
    for pattern, word in ANEW:
        text = pattern.sub(word, text)
    return text


def walk(board: Dashboard, client: TestClient) -> dict[str, tuple[int, str]]:
    """Return the answer of each route that reads, of the camera that may be seen.

    What is another's must be answered as what does not exist.
    """
    found: dict[str, tuple[int, str]] = {}
    for route in routes_of(client):
        if "GET" not in (route.methods or ()) or route.path in STREAMS:
            continue
        for owner, value, path in paths_of(board, route):
            for query in ({}, HOUR, {**HOUR, "camera": MINE}):
                answer = client.get(path, params=query)
                if owner == MINE:
                    key = f"{plain(path)} {sorted(query)}"
                    found.setdefault(key, (answer.status_code, plain(answer.text)))
                    continue
                nothing = client.get(path.replace(value, UNKNOWN), params=query)
                assert answer.status_code == nothing.status_code == 404, path
                assert plain(answer.text.replace(value, UNKNOWN)) == plain(nothing.text), path
    return found


def paths_of(board: Dashboard, route: APIRoute) -> Iterator[tuple[str | None, str, str]]:
    """Return whose camera it is, the value of the parameter if there is one, and the path."""
    names = re.findall(r"{(\w+)(?::\w+)?}", route.path)
    if not names:
        yield MINE, "", route.path
        return
    (name,) = names
    for owner, value in values_of(board, name):
        yield owner, value, re.sub(r"{\w+(:\w+)?}", value, route.path)


def test_a_user_of_one_camera_is_answered_as_if_there_were_no_other(database: sa.Engine) -> None:
    answers = []
    for cameras in ((MINE,), (OTHER, MINE)):
        board = made(database, cameras)
        client = board.client(board.key(Role.OPERATOR, (MINE,)))
        answers.append(walk(board, client))
    alone, scoped = answers
    assert set(alone) == set(scoped)
    assert len(alone) > 30
    for path, answer in scoped.items():
        assert answer[0] < 500, path
        assert answer == alone[path], path
        assert OTHER not in answer[1], path


def test_a_user_of_one_camera_changes_nothing_of_another(database: sa.Engine) -> None:
    board = made(database, (OTHER, MINE))
    client = board.client(board.key(Role.OPERATOR, (MINE,)))
    body = {"note": "", "verdict": "wrong", "camera": OTHER, "for": "1h", "comment": "x"}
    tried = 0
    for route in routes_of(client):
        for method in set(route.methods or ()) - {"GET", "HEAD"}:
            if not route.path.startswith("/api/"):
                continue
            for owner, _, path in paths_of(board, route):
                if owner != MINE:
                    answer = client.request(method, path, json=body)
                    assert answer.status_code in (403, 404), path
                    tried += 1
    assert tried > 4


def test_the_description_of_the_api_names_no_camera(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key(Role.VIEWER, (MINE,)))
    assert OTHER not in client.get("/api/v1/openapi.json").text
