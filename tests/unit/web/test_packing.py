"""Answers are compressed, but for other sites' pages and for what is compressed or goes on."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from surveil.web.packing import Packed


def _answer(media_type: str, headers: dict[str, str]) -> str | None:
    app = FastAPI()
    app.add_middleware(Packed)

    @app.get("/")
    def show() -> PlainTextResponse:
        return PlainTextResponse("tile " * 1000, media_type=media_type)

    answer = TestClient(app).get("/", headers=headers)
    assert answer.text == "tile " * 1000
    return answer.headers.get("content-encoding")


@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_a_page_of_ours_is_compressed(site: str | None) -> None:
    assert _answer("text/html", {"sec-fetch-site": site} if site else {}) == "gzip"


@pytest.mark.parametrize(
    "media_type", ["text/event-stream", "multipart/x-mixed-replace; boundary=x", "image/jpeg"]
)
def test_streams_and_pictures_are_not(media_type: str) -> None:
    assert _answer(media_type, {}) is None


def test_nor_what_another_site_makes_a_browser_ask_for() -> None:
    assert _answer("text/html", {"sec-fetch-site": "cross-site"}) is None
