"""Answers that go on: until their client goes, takes nothing, or has been told all."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STALLED_S = 10.0
"""A client that takes nothing for so long, while something is owed to it, is cut off."""


class LastingAnswer(Response, ABC):
    """An answer of which nobody knows how long it is."""

    def __init__(self, media_type: str) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]

    @abstractmethod
    async def pour(self, gone: asyncio.Task[None], send: Send) -> None:
        """Hand over the parts, each by :func:`give`; return once ``gone`` is done, or earlier."""

    @abstractmethod
    def close(self) -> None:
        """Give back what was held for the client; called once."""

    @abstractmethod
    def cut(self) -> None:
        """Count a client that was cut off; called before :meth:`close`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self.pour(gone, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self.cut()
        finally:
            gone.cancel()
            self.close()


async def give(send: Send, part: bytes) -> None:
    """Hand bytes to the connection; ``TimeoutError`` if it takes none for :data:`STALLED_S`."""
    async with asyncio.timeout(STALLED_S):
        await send({"type": "http.response.body", "body": part, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
