"""Alerts: seen within the scope, and what operators say of them is written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from kit.web import MINE, OTHER, Dashboard

import surveil.web.pages.alerts as alerts
from surveil.store.access import Role
from surveil.store.alerts import AlertBatch, AlertStep, commit_alerts
from surveil.store.engine import reading, writing
from surveil.store.reading import load_fired, load_marks, load_silences
from surveil.store.scope import Scope

AT = datetime(2026, 3, 1, 11, 59, tzinfo=UTC)


def fire(database: sa.Engine, *cameras: str) -> dict[str, str]:
    """Let an alert fire about each camera; return their ids by camera."""
    steps = [
        AlertStep("joy", name, name, "inactive", "firing", AT, AT, 0.7, {},
                  {"summary": f"{name}: 70% <happy>"}, "", ())
        for name in cameras
    ]  # fmt: skip
    with writing(database) as connection:
        commit_alerts(connection, AlertBatch(steps=steps), number=1, now_at=AT)
        fired = load_fired(connection, Scope.all(), rule=None, limit=10)
    return {str(one.camera): one.id for one in fired}


def test_alert_is_acknowledged_silenced_and_marked(dashboard: Dashboard) -> None:
    id_ = fire(dashboard.database, MINE)[MINE]
    client = dashboard.client(dashboard.key(Role.OPERATOR))
    page = client.get("/alerts").text
    assert f"/alerts/{id_}" in page
    assert "&lt;happy&gt;" in page
    post(client, f"/alerts/{id_}/acknowledge", {"note": "on my way"})
    post(client, f"/alerts/{id_}/mark", {"verdict": "wrong", "note": "a poster"})
    post(client, f"/alerts/{id_}/silence", {"for": "8h", "why": "painters"})
    with reading(dashboard.database) as connection:
        said = [(m.kind, m.by, m.note) for m in load_marks(connection, Scope.all(), id_)]
        (silence,) = load_silences(connection, Scope.all(), dashboard.now)
    assert said == [("acknowledged", "ann", "on my way"), ("wrong", "ann", "a poster")]
    assert (silence.rule, silence.camera, silence.created_by) == ("joy", MINE, "ann")
    assert silence.ends_at == dashboard.now + timedelta(hours=8)
    page = client.get(f"/alerts/{id_}").text
    assert "a poster" in page
    assert "marked wrong" in page


def test_course_of_an_alert_is_whole_however_many_of_its_rule_came_later(
    sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "MOST_STEPS", 1)
    id_ = fire(sqlite_dashboard.database, MINE, OTHER)[MINE]
    page = sqlite_dashboard.client(sqlite_dashboard.key()).get(f"/alerts/{id_}").text
    assert "<td>firing</td>" in page


def post(client: TestClient, path: str, form: dict[str, str]) -> None:
    answer = client.post(path, data=form, follow_redirects=False)
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("act", ["acknowledge", "mark", "silence"])
def test_viewer_only_looks(sqlite_dashboard: Dashboard, act: str) -> None:
    id_ = fire(sqlite_dashboard.database, MINE)[MINE]
    client = sqlite_dashboard.client(sqlite_dashboard.key(Role.VIEWER))
    form = {"verdict": "right", "for": "1h", "why": "x"}
    assert client.post(f"/alerts/{id_}/{act}", data=form).status_code == 403
    assert "Acknowledge" not in client.get(f"/alerts/{id_}").text


@pytest.mark.parametrize("act", ["acknowledge", "mark", "silence"])
def test_alert_of_another_camera_is_as_good_as_none(dashboard: Dashboard, act: str) -> None:
    ids = fire(dashboard.database, MINE, OTHER)
    client = dashboard.client(dashboard.key(Role.OPERATOR, (MINE,)))
    form = {"verdict": "right", "for": "1h", "why": "x"}
    assert client.post(f"/alerts/{ids[OTHER]}/{act}", data=form).status_code == 404
    assert client.get(f"/alerts/{ids[OTHER]}").status_code == 404
    for path in ("/alerts", "/alerts/active", "/rules", "/", f"/alerts/{ids[MINE]}"):
        page = client.get(path)
        assert page.status_code == 200
        assert OTHER not in page.text, path


def test_wrong_forms_say_what_is_wrong(sqlite_dashboard: Dashboard) -> None:
    id_ = fire(sqlite_dashboard.database, MINE)[MINE]
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    for form in ({"for": "soon", "why": "x"}, {"for": "91d", "why": "x"}, {"for": "1h", "why": ""}):
        assert client.post(f"/alerts/{id_}/silence", data=form).status_code == 422
    assert client.post(f"/alerts/{id_}/mark", data={"verdict": "maybe"}).status_code == 422
