"""In a browser, tiles are brought up to date and keep their strips, which come by themselves."""

from __future__ import annotations

import pytest
from kit.browsing import browser
from kit.events import after
from kit.statuses import camera, daemon
from kit.web import MINE, OTHER, Dashboard, dashboard, fill, serving, sqlite_dashboard
from playwright.sync_api import Browser, expect

from surveil.domain import CameraState, Reason
from surveil.errors import UnavailableError
from surveil.web.wiring import COOKIE

__all__ = ["browser", "dashboard", "sqlite_dashboard"]

LIMIT_MS = 60_000
pytestmark = pytest.mark.timeout(300)


def test_tiles_keep_their_strips(browser: Browser, sqlite_dashboard: Dashboard) -> None:
    fill(sqlite_dashboard.database)
    sqlite_dashboard.now = after(100)
    with serving(sqlite_dashboard) as port, browser.new_context() as context:
        url = f"http://localhost:{port}"
        context.set_default_timeout(LIMIT_MS)
        context.add_cookies([{"name": COOKIE, "value": sqlite_dashboard.key(), "url": url}])
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda one: said.append(one.text))
        page.on("request", lambda one: asked.append(one.url))
        page.goto(f"{url}/")
        strips = page.locator(".strip-place path.happy")
        expect(strips).to_have_count(2)
        page.evaluate("document.querySelectorAll('.strip').forEach(one => one.dataset.old = '')")
        off = camera(OTHER, state=CameraState.OFFLINE, reason=Reason.TIMEOUT)
        sqlite_dashboard.status = daemon(camera(MINE), off)
        tile = page.locator(".tile", has_text=OTHER)
        expect(tile).to_contain_text("timeout", timeout=LIMIT_MS)
        expect(page.locator(".strip[data-old]")).to_have_count(2)
        # What was gone and comes back has its strip at once, not with the next turn.
        sqlite_dashboard.status = UnavailableError("http 127.0.0.1:1: connection refused")
        expect(page.get_by_text("No daemon answers")).to_be_visible(timeout=LIMIT_MS)
        before = len([one for one in asked if "/fleet/strips" in one])
        sqlite_dashboard.status = daemon(camera(MINE), camera(OTHER))
        expect(strips).to_have_count(2, timeout=LIMIT_MS)
        assert len([one for one in asked if "/fleet/strips" in one]) > before
        assert not said
