"""The supervisor's HTTP port: ``/metrics``, ``/status``, ``/livez``, ``/readyz``."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from surveil.errors import InUseError
from surveil.ports import describe_listener

Health = tuple[bool, dict[str, Any]]

MOST_CONNECTIONS = 16
"""Served at once. Probes and a scraper or two need few. When all places are taken, the client that
has owed a whole request for longest gives its place; when none owes one, who comes is let go."""

GIVEN_UP_S = 1.0
"""Within this a client that was hung up on has given its place, or who comes is let go."""

REQUEST_S = 5.0
"""A client that sends nothing, or reads nothing, holds a thread no longer than this a read."""

MOST_REQUEST_S = 15.0
"""Nor longer than this altogether, however slowly it drips."""


class Endpoint:
    """Serves what the supervisor knows; runs in daemon threads of the supervisor process.

    Raises:
        InUseError: The port belongs to another process, or cannot be had; the message says why.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        metrics: Callable[[], bytes],
        status: Callable[[], bytes],
        livez: Callable[[], Health],
        readyz: Callable[[], Health],
        most_connections: int = MOST_CONNECTIONS,
        request_s: float = REQUEST_S,
        most_request_s: float = MOST_REQUEST_S,
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = request_s

            def do_GET(self) -> None:
                server.keep(self.connection)
                match self.path.partition("?")[0]:
                    case "/metrics":
                        self._answer(200, metrics(), "text/plain; version=0.0.4; charset=utf-8")
                    case "/status":
                        self._answer(200, status(), "application/json")
                    case "/livez":
                        self._health(livez())
                    case "/readyz":
                        self._health(readyz())
                    case _:
                        self._answer(
                            404, b"try /metrics, /status, /livez or /readyz\n", "text/plain"
                        )

            def _health(self, health: Health) -> None:
                body = json.dumps({"ok": health[0], **health[1]}).encode() + b"\n"
                self._answer(200 if health[0] else 503, body, "application/json")

            def _answer(self, status: int, body: bytes, content_type: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return  # a probe each second is no news

        try:
            server = _BoundedServer((host, port), Handler, most_connections, most_request_s)
        except OSError as error:
            raise InUseError(_words(host, port, error)) from error
        self._server = server
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="endpoint", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()


class _BoundedServer(HTTPServer):
    """A thread for each connection, as long as there are few; and each ends in time."""

    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        most_connections: int,
        most_request_s: float,
    ) -> None:
        self._free = threading.BoundedSemaphore(most_connections)
        self._most_request_s = most_request_s
        self._lock = threading.Lock()
        self._owing: dict[socket.socket, None] = {}
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not (self._free.acquire(blocking=False) or self._take_a_place()):
            self.shutdown_request(request)
            return
        with self._lock:
            self._owing[request] = None
        threading.Thread(
            target=self._serve, args=(request, client_address), name="endpoint-client", daemon=True
        ).start()

    def keep(self, request: socket.socket) -> None:
        """Let a client whose request is whole keep its place until it is answered."""
        with self._lock:
            self._owing.pop(request, None)

    def _take_a_place(self) -> bool:
        """Hang up on the client that has owed a request for longest; False without a place."""
        with self._lock:
            longest = next(iter(self._owing), None)
            if longest is None:
                return False
            del self._owing[longest]
            _hang_up(longest)
        return self._free.acquire(timeout=GIVEN_UP_S)

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        timer = threading.Timer(self._most_request_s, _hang_up, args=(request,))
        timer.daemon = True
        timer.start()
        try:
            with contextlib.suppress(OSError):  # the client went away
                self.finish_request(request, client_address)
        finally:
            timer.cancel()
            self.keep(request)
            self.shutdown_request(request)
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        return  # it would print; what a client does wrong is its own affair


def _hang_up(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def _words(host: str, port: int, error: OSError) -> str:
    """Return why a port cannot be had, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        owner = describe_listener(port)
        return f"http {host}:{port} is in use by {owner}; stop it, or set another http.port"
    return f"http {host}:{port}: {error.strerror or error}; set another http.host or http.port"
