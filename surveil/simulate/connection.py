"""One client's RTSP connection: requests in, responses and interleaved packets out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import time
from collections.abc import Mapping

from surveil.simulate.camera import Camera
from surveil.simulate.channel import QUEUE_LIMIT_BYTES, UdpPorts
from surveil.simulate.dialogue import Dialogue
from surveil.simulate.digest import DigestGuard
from surveil.simulate.fault import Fault
from surveil.simulate.message import MalformedRequestError, Request, format_response, read_request

UNREAD_LIMIT_BYTES = 2 * QUEUE_LIMIT_BYTES
"""A client that asks on while so much lies unread is cut off."""

_log = logging.getLogger(__name__)


class Connection:
    """Serves one client until it leaves, times out or is cut off.

    Args:
        cameras: By name.
        guard: ``None`` lets everybody in.
        udp: The server's UDP sockets.
        timeout_s: Announced to clients, which must give a sign of life within it.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        cameras: Mapping[str, Camera],
        guard: DigestGuard | None,
        udp: UdpPorts,
        timeout_s: int,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._timeout_s = timeout_s
        self._dialogue = Dialogue(cameras, guard, udp, writer, self.abort, timeout_s)
        self.active_s = time.monotonic()

    async def serve(self) -> None:
        """Answer requests; returns when the connection has ended, with nothing left behind."""
        try:
            while True:
                request = await read_request(self._reader)
                self.active_s = time.monotonic()
                if request is not None:
                    self._respond(request)
        except MalformedRequestError:
            self._writer.write(format_response(400, None, {"Connection": "close"}))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            self._dialogue.end()
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def abort(self) -> None:
        """Reset the connection: the client sees ECONNRESET, not an orderly end."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def is_expired(self, now_s: float) -> bool:
        """Return whether the client has been silent for longer than agreed, and a tenth more."""
        return now_s - self.active_s > 1.1 * self._timeout_s

    def owns_udp(self, host: str, port: int) -> bool:
        """Return whether a UDP packet from there belongs to one of the sessions."""
        return host == self._dialogue.host and any(
            session.client_ports is not None and port in session.client_ports
            for session in self._dialogue.sessions.values()
        )

    def finish(self) -> None:
        """Tell a playing client that the server ends, and close in order."""
        self._dialogue.end(says_bye=True)
        self._writer.close()

    def _respond(self, request: Request) -> None:
        camera = self._dialogue.camera_of(request)
        is_refused = camera is not None and Fault.REFUSE in camera.active()
        if is_refused or self._writer.transport.get_write_buffer_size() > UNREAD_LIMIT_BYTES:
            self.abort()
            return
        answer = self._dialogue.answer(request)
        _log.debug("%s %s: %d", request.method, request.stream, answer.status)
        headers = {"Server": "surveil simulator", **answer.headers}
        sequence = request.headers.get("cseq")
        self._writer.write(format_response(answer.status, sequence, headers, answer.body))
        if answer.then is not None:
            answer.then()
