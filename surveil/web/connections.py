"""Connections of the server, each of which has to bring whole requests in time."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from surveil.web.tally import Tally

REQUEST_S = 30.0
"""From a connection's start, or its last answer's end, until a request is there with its body.

More than uvicorn's keep-alive, which ends with the first byte of a further request."""


class Connection(H11Protocol):
    """uvicorn's, closed if its client sends nothing, or a request so slowly that it never ends.

    uvicorn waits for both without end, and each such client takes one of the connections that
    ``limit_concurrency`` allows. What an answer takes is no matter here: streams last for hours.

    Args:
        tally: Where closed ones are counted.
        options: uvicorn's.
    """

    def __init__(self, tally: Tally, **options: Any) -> None:
        super().__init__(**options)
        self._tally = tally
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._due is not None:
            self._due.cancel()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect()

    def _expect(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due = self.loop.call_later(REQUEST_S, self._end_if_unfinished)

    def _end_if_unfinished(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY) or self.transport.is_closing():
            return
        is_begun = self.conn.their_state is h11.SEND_BODY or bool(self.conn.trailing_data[0])
        cause = "slow" if is_begun else "silent"
        self._tally.count("web_connections_closed_total", cause=cause)
        self.transport.close()
