"""Silences by the API."""

from __future__ import annotations

from kit.web import MINE, OTHER, Dashboard, fill

from surveil.store.access import Role

SILENCES = "/api/v1/silences"
ASKED = {"camera": MINE, "for": "2h", "comment": "the lens is being cleaned"}


def test_silence_is_made_listed_and_ended(dashboard: Dashboard) -> None:
    client = dashboard.client(dashboard.key(Role.OPERATOR, (MINE,)))
    made = client.post(SILENCES, json=ASKED)
    assert made.status_code == 201
    (one,) = client.get(SILENCES).json()
    assert (one["id"], one["camera"], one["created_by"]) == (made.json()["id"], MINE, "ann")
    assert client.delete(f"{SILENCES}/{one['id']}").status_code == 204
    assert client.get(SILENCES).json() == []
    assert client.delete(f"{SILENCES}/{one['id']}").status_code == 404


def test_silences_of_others_are_neither_seen_nor_ended(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    every = dashboard.client(dashboard.key(name="all")).get(SILENCES).json()
    client = dashboard.client(dashboard.key(Role.OPERATOR, (MINE,)))
    assert {one["camera"] for one in every} == {MINE, OTHER, "*"}
    assert {one["camera"] for one in client.get(SILENCES).json()} == {MINE}
    for one in every:
        status = 204 if one["camera"] == MINE else 404
        assert client.delete(f"{SILENCES}/{one['id']}").status_code == status


def test_operator_of_some_cameras_silences_no_others(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key(Role.OPERATOR, (MINE,)))
    for camera in (OTHER, "*", "lob*"):
        assert client.post(SILENCES, json={**ASKED, "camera": camera}).status_code == 403
    viewer = sqlite_dashboard.client(sqlite_dashboard.key(Role.VIEWER, name="vic"))
    assert viewer.post(SILENCES, json=ASKED).status_code == 403


def test_silence_says_what_and_how_long_and_why(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    for wrong in (
        {"camera": "*"},
        {"for": "91d"},
        {"for": "soon"},
        {"for": "0s"},
        {"comment": " "},
    ):
        answer = client.post(SILENCES, json={**ASKED, **wrong})
        assert answer.status_code == 422, wrong
        assert answer.json()["detail"]
