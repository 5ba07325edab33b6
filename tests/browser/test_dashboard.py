"""A whole surveil in a real browser: watched, alarmed, answered; and looked at in all its pages."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from kit.browsing import WIDTHS, browser, complaints, cut, faults, shoot
from kit.daemons import MEDIA, Daemon
from kit.waiting import until
from playwright.sync_api import Browser, BrowserContext, Page, expect

from surveil.simulate import RtspServer
from surveil.store.access import LOCAL, KeyKind, Role, UserRow, make_key, put_user
from surveil.store.engine import connect, writing

__all__ = ["browser"]

LIMIT_MS = 60_000
PAGES = {
    "fleet": "/",
    "camera": "/cameras/lobby?from=5m",
    "timelines": "/timelines?from=1h&least=1",
    "alerts": "/alerts",
    "rules": "/rules",
    "models": "/models",
    "model": "/models/emotion-resnet18",
    "system": "/system",
}

pytestmark = pytest.mark.timeout(600)


@dataclass
class Site:
    """A running surveil with its simulated cameras and its address."""

    daemon: Daemon
    cameras: RtspServer
    url: str
    database: sa.Engine

    def key(self, kind: KeyKind, user: str, role: Role, cameras: tuple[str, ...]) -> str:
        now = datetime.now(UTC)
        with writing(self.database) as connection:
            if user != LOCAL:
                put_user(connection, UserRow(user, "", role, cameras, now))
            return make_key(
                connection, kind, user, role=role, cameras=("*",), label="test", now=now,
                lifetime=timedelta(minutes=15),
            )  # fmt: skip


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    port = _free_port()
    clips = {"lobby": MEDIA / "lounge.mp4", "gate": MEDIA / "entrance.mp4"}
    with RtspServer(clips) as cameras:
        fleet: dict[str, Any] = {
            "version": 1,
            "data_dir": "var",
            "http": {"port": 0},
            "web": {"port": port},
            "defaults": {"sample_fps": 4, "stall_timeout_s": 3},
            "cameras": {
                "lobby": {
                    "source": cameras.url("lobby"),
                    "privacy": {"live_view": "blurred"},
                    "labels": {"site": "north"},
                },
                "gate": {"source": cameras.url("gate")},
            },
            "rules": [
                {
                    "name": "somebody",
                    "when": [{"faces": {"over": "3s"}, "at_least": 1}],
                    "keep_firing_for": "1h",
                    "annotations": {"summary": "{{camera}}: {{value}} faces"},
                    "notify": ["ops"],
                }
            ],
            "receivers": {"ops": {"log": {}}},
        }
        daemon = Daemon(folder, fleet)
        database = connect(f"sqlite:///{folder}/var/surveil.db")
        try:
            until(
                lambda: daemon.process.poll() or daemon.sql("select 1 from observation limit 1"),
                "faces in SQL",
                240,
            )
            until(lambda: _listens(port), "the dashboard", 240)
            assert daemon.process.poll() is None, daemon.log.read_text(encoding="utf-8")
            yield Site(daemon, cameras, f"http://localhost:{port}", database)
        finally:
            database.dispose()
            daemon.end(60)


@pytest.fixture(scope="module")
def inside(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser that opened a link which opens once."""
    link = site.key(KeyKind.LINK, LOCAL, Role.ADMIN, ("*",))
    with browser.new_context(**WIDTHS["light"]) as context:
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        page.goto(f"{site.url}/open/{link}")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", name="Fleet", level=1)).to_be_visible()
        page.close()
        other = context.new_page()
        answer = other.request.post(f"{site.url}/open/{link}", headers={"origin": site.url})
        assert answer.status == 401
        other.close()
        yield context


def test_box_and_label_move(inside: BrowserContext, site: Site) -> None:
    page = inside.new_page()
    page.goto(f"{site.url}/cameras/gate")
    boxes: set[str] = set()

    def has_moved() -> bool:
        for box in page.locator(".map-face").all():
            boxes.add(box.get_attribute("x", timeout=LIMIT_MS) or "")
        page.wait_for_timeout(300)
        return len(boxes) >= 2

    until(has_moved, "a box at two places")
    label = page.locator(".map text").first
    expect(label).to_have_text(re.compile(r"^\d+ (angry|disgust|fear|happy|sad|surprise|neutral)$"))
    page.close()


def test_live_picture_moves(inside: BrowserContext, site: Site) -> None:
    page = inside.new_page()
    page.goto(f"{site.url}/cameras/lobby")
    seen: set[str] = set()

    def has_moved() -> bool:
        seen.add(
            page.evaluate(
                """() => {
                  const img = document.querySelector(".picture img");
                  if (!img.naturalWidth) return "";
                  const canvas = document.createElement("canvas");
                  [canvas.width, canvas.height] = [64, 36];
                  const pen = canvas.getContext("2d");
                  pen.drawImage(img, 0, 0, 64, 36);
                  return pen.getImageData(0, 0, 64, 36).data.join("");
                }"""
            )
        )
        page.wait_for_timeout(300)
        return len(seen - {""}) >= 3

    until(has_moved, "three pictures")
    page.close()


def test_a_gap_appears_where_the_camera_stalls(inside: BrowserContext, site: Site) -> None:
    page = inside.new_page()
    page.goto(site.url)
    tile = page.locator(".tile", has_text="gate")
    expect(tile.locator("h2 .state")).to_contain_text("live", timeout=LIMIT_MS)
    site.cameras.command("gate:stall+30s")
    expect(tile).to_have_class(re.compile(r"\b(off|late)\b"), timeout=LIMIT_MS)
    until(lambda: site.daemon.sql("select 1 from gap where camera_id = 'gate'"), "a gap in SQL")
    page.goto(f"{site.url}/cameras/gate?from=10m")
    expect(page.get_by_role("heading", name="Not analysed")).to_be_visible()
    chart = page.request.get(f"{site.url}/cameras/gate/chart?from=10m").json()
    assert chart["gaps"]
    assert None in chart["series"][0]["shares"]
    site.cameras.clear("gate")
    page.close()


@pytest.mark.parametrize("path", ["/cameras/lobby?from=5m", "/timelines?from=5m&least=1"])
def test_a_chart_is_saved_exported_and_looked_at_closer(
    inside: BrowserContext, site: Site, path: str
) -> None:
    page = inside.new_page()
    said = complaints(page)
    page.goto(site.url + path)
    page.locator("[data-chart] canvas").first.wait_for()
    for button, end in (("button", "PNG"), ("link", "CSV")):
        with page.expect_download() as download:
            page.get_by_role(button, name=end).click()  # type: ignore[arg-type]
        assert download.value.suggested_filename.endswith(end.lower())
    chart = page.locator("[data-chart]").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
    page.mouse.move(box["x"] + box["width"] * 0.8, y, steps=5)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=20.*to=20"))
    page.get_by_role("link", name="Link to exactly this view").click()
    page.wait_for_url(re.compile(r"bucket=\d+s"))
    assert not said
    page.close()


def test_an_alert_is_acknowledged_silenced_and_marked(inside: BrowserContext, site: Site) -> None:
    page = inside.new_page()
    until(lambda: site.daemon.sql("select 1 from alert where state = 'firing'"), "an alert")
    page.goto(f"{site.url}/alerts")
    page.get_by_role("link", name="somebody").first.click()
    page.get_by_label("Note").first.fill("I look <b>after</b> it")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("I look <b>after</b> it")).to_be_visible()
    page.locator("summary", has_text="Silence").click()
    page.get_by_label("Why").fill("cleaning")
    page.get_by_role("button", name=re.compile("Tell nobody")).click()
    page.locator("summary", has_text="Mark").click()
    page.get_by_label("It was").select_option("right")
    page.get_by_role("button", name="Mark", exact=True).click()
    expect(page.get_by_text("marked right")).to_be_visible()
    assert site.daemon.sql("select comment from silence") == [("cleaning",)]
    shoot(page, "alert-light")
    assert not faults(page)
    page.close()


def test_a_viewer_of_one_camera_sees_nothing_else(browser: Browser, site: Site) -> None:
    session = site.key(KeyKind.SESSION, "bob", Role.VIEWER, ("gate",))
    with browser.new_context() as context:
        context.set_default_timeout(LIMIT_MS)
        context.add_cookies([{"name": "surveil_session", "value": session, "url": site.url}])
        page = context.new_page()
        for path in PAGES.values():
            page.goto(site.url + path)
            if "/cameras/" in path:
                assert "there is no camera lobby" in page.content()
            else:
                assert "lobby" not in page.content().replace("lobby-*", "")
        page.goto(f"{site.url}/alerts")
        assert not page.get_by_role("button", name="Acknowledge").count()
        for path in ("/cameras/lobby/live", "/cameras/lobby/chart", "/system/support.zip"):
            assert page.request.get(site.url + path).status in (403, 404)


@pytest.mark.parametrize("name", PAGES)
def test_pages_can_be_read_and_used_by_all(inside: BrowserContext, site: Site, name: str) -> None:
    browser = inside.browser
    assert browser is not None
    for width, settings in WIDTHS.items():
        with browser.new_context(storage_state=inside.storage_state(), **settings) as context:
            context.set_default_timeout(LIMIT_MS)
            page = context.new_page()
            said = complaints(page)
            page.goto(site.url + PAGES[name], wait_until="domcontentloaded")
            if page.locator("[data-chart]").count():
                page.locator("[data-chart] canvas").first.wait_for()
            shoot(page, f"{name}-{width}")
            assert not [one for one in cut(page) if one.startswith("HTML")], width
            assert not faults(page), width
            assert not said, width


def test_keys_alone_reach_the_content_and_the_choice_of_light(
    inside: BrowserContext, site: Site
) -> None:
    page: Page = inside.new_page()
    page.goto(site.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Light or dark").press("Enter")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    expect(page.locator("#zone")).to_contain_text("your zone")
    page.get_by_role("button", name="Light or dark").press("Enter")
    page.close()
