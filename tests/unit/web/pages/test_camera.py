"""One camera's page is about that camera, for whoever may see it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
from kit.events import CameraLife, make_vote
from kit.statuses import camera, daemon
from kit.web import MINE, OTHER, Dashboard, dashboard_of

import surveil.web.pages.camera as page
from surveil.errors import UnavailableError
from surveil.policy import Mode
from surveil.store.access import Role
from surveil.store.alerts import AlertBatch, AlertStep, commit_alerts
from surveil.store.engine import writing
from surveil.store.ingest import write_batch
from surveil.store.leases import acquire
from surveil.web.pages import exports

PARTS = ("", "/state", "/present", "/chart", "/timeline.csv", "/timeline.parquet")


def seen(dashboard: Dashboard, *cameras: str) -> None:
    """Store a minute of a face in front of each camera, and let the present be its end."""
    with writing(dashboard.database) as connection:
        for camera in cameras:
            life = CameraLife(camera, run=f"01{camera}")
            for second in range(60):
                life.sees(second, second + 1, make_vote(1))
            write_batch(connection, life)
    dashboard.now = life.events[-1].to_at  # type: ignore[union-attr]


def test_figures_are_those_of_sql(dashboard: Dashboard) -> None:
    seen(dashboard, MINE)
    client = dashboard.client(dashboard.key())
    drawn = client.get(f"/cameras/{MINE}/chart?from=1m&bucket=30s").json()
    happy = next(one for one in drawn["series"] if one["name"] == "happy")
    assert set(happy["shares"]) <= {1.0, None}
    assert sum(drawn["votes"]) == 60
    answer = client.get(f"/cameras/{MINE}/timeline.csv?from=1m&bucket=30s")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert sum(int(row["happy_votes"]) for row in rows) == 60
    assert client.get(f"/cameras/{MINE}").status_code == 200


def test_alerts_are_those_of_the_time_however_many_came_later(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST_STEPS", 1)
    seen(dashboard, MINE)
    steps = [
        AlertStep("joy", MINE, MINE, "inactive", "firing", at, at, 0.7, {}, {}, "", ())
        for at in (dashboard.now - timedelta(seconds=40), dashboard.now - timedelta(seconds=5))
    ]
    with writing(dashboard.database) as connection:
        commit_alerts(connection, AlertBatch(steps=steps), number=1, now_at=dashboard.now)
    client = dashboard.client(dashboard.key())
    span = {"from": "1m", "to": "30s"}
    drawn = client.get(f"/cameras/{MINE}/chart", params=span).json()
    assert [one["at"] / 1000 for one in drawn["alerts"]] == [steps[0].at.timestamp()]


@pytest.mark.parametrize("part", PARTS)
def test_another_camera_is_as_good_as_none(dashboard: Dashboard, part: str) -> None:
    seen(dashboard, MINE, OTHER)
    client = dashboard.client(dashboard.key(Role.VIEWER, (MINE,)))
    assert client.get(f"/cameras/{MINE}{part}").status_code == 200
    other = client.get(f"/cameras/{OTHER}{part}")
    none = client.get(f"/cameras/nowhere{part}")
    assert other.status_code == none.status_code == 404
    assert other.text.replace(OTHER, "nowhere") == none.text


def test_too_much_is_a_page_that_says_what_would_do(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    answer = client.get(f"/cameras/{MINE}?from=365d&bucket=1s")
    assert answer.status_code == 422
    assert "ask for a bucket of" in answer.text


def test_camera_without_any_data_has_a_page(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    for part in PARTS:
        assert client.get(f"/cameras/{MINE}{part}").status_code == 200


def test_without_pyarrow_the_page_says_what_parquet_needs(
    sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "has_parquet", lambda: False)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    page = client.get(f"/cameras/{MINE}").text
    assert "timeline.parquet" not in page
    assert "surveil[parquet]" in page
    answer = client.get(f"/cameras/{MINE}/timeline.parquet")
    assert answer.status_code == 422
    assert "pip install" in answer.text


def test_nobody_alone_is_told_of_a_crowd(sqlite_dashboard: Dashboard) -> None:
    board = sqlite_dashboard
    fleet = board.site.fleet
    privacy = fleet.cameras[MINE].privacy.model_copy(update={"mode": Mode.AGGREGATE})
    camera = fleet.cameras[MINE].model_copy(update={"privacy": privacy})
    board.site.fleet = fleet.model_copy(update={"cameras": {**fleet.cameras, MINE: camera}})
    client = board.client(board.key())
    assert "nobody alone" in client.get(f"/cameras/{MINE}/present").text
    assert "nobody alone" not in client.get(f"/cameras/{OTHER}/present").text


def test_a_camera_of_another_host_says_which_and_leads_there(database: sa.Engine) -> None:
    dashboard = dashboard_of(database, host_url="https://{host}.example.org:8808/")
    dashboard.status = daemon(camera(OTHER))
    with writing(database) as connection:
        acquire(connection, "north/1", {MINE, OTHER}, 60)
    client = dashboard.client(dashboard.key(Role.VIEWER, (MINE,)))
    text = client.get(f"/cameras/{MINE}/state").text
    assert "Host north/1 watches this camera" in text
    assert f'href="https://north%2F1.example.org:8808/cameras/{MINE}"' in text
    assert client.get(f"/cameras/{OTHER}/state").status_code == 404
    dashboard.status = UnavailableError("nobody listens")
    assert "Host north/1 watches" in client.get(f"/cameras/{MINE}").text


def test_a_camera_of_a_host_without_an_address_leads_nowhere(sqlite_dashboard: Dashboard) -> None:
    sqlite_dashboard.status = daemon(camera(OTHER))
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    assert "is not watched from the host" in client.get(f"/cameras/{MINE}/state").text
    with writing(sqlite_dashboard.database) as connection:
        acquire(connection, "<north>", {MINE}, 60)
    text = client.get(f"/cameras/{MINE}/state").text
    assert "Host &lt;north&gt; watches this camera." in text
    assert "href" not in text
