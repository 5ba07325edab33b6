"""A real browser: Chromium of the system, driven by Playwright; absent, tests skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from kit.tools import REPOSITORY, tool

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SHOTS = REPOSITORY / ".scratch" / "shots"
"""Ignored by git; where ``SURVEIL_SHOTS`` is set, tests leave pictures of pages here."""

WIDTHS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser, ended with the module: its event loop must not meet those of other tests."""
    path = tool("chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield found
        found.close()


def cut(page: Page) -> dict[str, float]:
    """Return what is wider than the window, or than its frame, and by how many pixels."""
    found: dict[str, float] = page.evaluate(
        """() => {
          const wide = {};
          const all = [document.documentElement, ...document.querySelectorAll(".scroll, .card")];
          all.forEach((one, i) => {
            const more = one.scrollWidth - one.clientWidth;
            if (more > 1) wide[`${one.tagName}.${one.className} ${i}`] = more;
          });
          return wide;
        }"""
    )
    return found


def faults(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical on a page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:4]]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def complaints(page: Page) -> list[str]:
    """Return a list that grows by what the browser says of a page: errors and refused parts."""
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    return said


def shoot(page: Page, name: str) -> None:
    """Leave a picture of a page, where somebody wants to look at it."""
    if os.environ.get("SURVEIL_SHOTS"):
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SHOTS / f"{name}.png")), full_page=True)
