"""An answer that goes on gives back what it held, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.types import Send

from surveil.web import lasting
from surveil.web.lasting import LastingAnswer, give


class Answer(LastingAnswer):
    """Two parts, and then nothing more until its client goes."""

    def __init__(self) -> None:
        super().__init__("text/plain")
        self.ended: list[str] = []

    async def pour(self, gone: asyncio.Task[None], send: Send) -> None:
        await give(send, b"one")
        await give(send, b"two")
        await gone

    def cut(self) -> None:
        self.ended.append("cut")

    def close(self) -> None:
        self.ended.append("closed")


async def goes() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


async def stays() -> MutableMapping[str, Any]:
    await asyncio.Event().wait()
    return {}


def test_all_parts_come_until_the_client_goes() -> None:
    answer, sent = Answer(), []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append((message.get("body"), message.get("more_body")))

    asyncio.run(answer({"type": "http"}, goes, send))
    assert sent == [(None, None), (b"one", True), (b"two", True), (b"", False)]
    assert answer.ended == ["closed"]


def test_a_client_that_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "STALLED_S", 0.01)
    answer = Answer()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    asyncio.run(answer({"type": "http"}, stays, send))
    assert answer.ended == ["cut", "closed"]


def test_what_was_held_is_given_back_after_a_fault() -> None:
    answer = Answer()

    async def send(_: MutableMapping[str, Any]) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(answer({"type": "http"}, stays, send))
    assert answer.ended == ["closed"]
