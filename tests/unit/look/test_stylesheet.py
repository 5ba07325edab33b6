"""One style sheet: what reports carry is what the dashboard serves."""

from __future__ import annotations

from kit.web import Dashboard, sqlite_dashboard

from surveil.look import stylesheet
from surveil.training.report.pages import render_page

__all__ = ["sqlite_dashboard"]


def test_served_as_reports_carry_it(sqlite_dashboard: Dashboard) -> None:
    served = sqlite_dashboard.client().get("/static/surveil.css")
    assert served.headers["content-type"].startswith("text/css")
    assert served.text == stylesheet()


def test_nothing_is_loaded_from_elsewhere() -> None:
    css = stylesheet()
    assert "@import" not in css
    assert "http" not in css
    assert callable(render_page)
