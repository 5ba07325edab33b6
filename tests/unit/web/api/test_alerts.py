"""Alerts by the API: what is listed, and who may say what of them."""

from __future__ import annotations

from typing import Any

import pytest
from kit.web import MINE, OTHER, Dashboard, fill

from surveil.store.access import Role

ALERTS = "/api/v1/alerts"


def ids_of(dashboard: Dashboard, *, key: str = "") -> dict[str | None, str]:
    items = dashboard.client(key or dashboard.key(name="all")).get(ALERTS).json()["items"]
    return {one["camera"]: one["id"] for one in items}


def test_alerts_of_ones_cameras_are_listed(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    assert set(ids_of(dashboard)) == {MINE, OTHER, None}
    assert set(ids_of(dashboard, key=dashboard.key(Role.VIEWER, (MINE,)))) == {MINE}


def test_pages_hold_each_alert_once(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    client = dashboard.client(dashboard.key())
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 1, "which": "all"}
    while True:
        page = client.get(ALERTS, params=query).json()
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == len(set(seen)) == 3


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzEsMl0", "WyIyMDI2LTAzLTAxIiwiYSJd", "é"])
def test_cursor_of_others_is_refused(sqlite_dashboard: Dashboard, cursor: str) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    answer = client.get(ALERTS, params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "cursor" in answer.json()["detail"]


def test_operator_acknowledges_and_marks(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    client = dashboard.client(dashboard.key(Role.OPERATOR, (MINE,)))
    path = f"{ALERTS}/{ids_of(dashboard)[MINE]}"
    known = client.post(f"{path}/acknowledgement", json={"note": "on the way"})
    assert known.status_code == 200
    assert known.json()["alert"]["acknowledged_by"] == "ann"
    judged = client.post(f"{path}/mark", json={"verdict": "wrong", "note": "a poster"}).json()
    assert judged["alert"]["verdict"] == "wrong"
    assert [mark["note"] for mark in judged["marks"]] == ["on the way", "a poster"]
    assert client.get(path).json() == judged


def test_viewer_may_not_act_and_nobody_on_what_they_may_not_see(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    ids = ids_of(dashboard)
    viewer = dashboard.client(dashboard.key(Role.VIEWER, (MINE,), name="vic"))
    assert viewer.post(f"{ALERTS}/{ids[MINE]}/mark", json={"verdict": "right"}).status_code == 403
    operator = dashboard.client(dashboard.key(Role.OPERATOR, (MINE,)))
    for camera in (OTHER, None):
        for act, body in (("acknowledgement", {}), ("mark", {"verdict": "right"})):
            answer = operator.post(f"{ALERTS}/{ids[camera]}/{act}", json=body)
            assert answer.status_code == 404
        assert operator.get(f"{ALERTS}/{ids[camera]}").status_code == 404


@pytest.mark.parametrize("note", ["\x00", "\x9b31m", "x" * 501])
def test_note_that_no_terminal_should_show_is_refused(
    sqlite_dashboard: Dashboard, note: str
) -> None:
    fill(sqlite_dashboard.database)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    path = f"{ALERTS}/{ids_of(sqlite_dashboard)[MINE]}/acknowledgement"
    assert client.post(path, json={"note": note}).status_code == 422
