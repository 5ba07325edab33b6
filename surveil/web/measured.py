"""How many requests there are and how long their answers take, as one ASGI middleware."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from surveil.web.tally import Tally


class Measured:
    """Counts answers by the class of their status, and the time until each begins."""

    def __init__(self, app: ASGIApp, *, tally: Tally) -> None:
        self._app = app
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.monotonic()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._tally.count("web_requests_total", status=f"{message['status'] // 100}xx")
                self._tally.observe("web_request_seconds", time.monotonic() - began_s)
            await send(message)

        await self._app(scope, receive, send_counted)
