"""The supervisor's HTTP port: ``/metrics``, ``/livez``, ``/readyz``."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from surveil.errors import InUseError
from surveil.ports import describe_listener

Health = tuple[bool, dict[str, Any]]


class Endpoint:
    """Serves what the supervisor knows; runs in daemon threads of the supervisor process.

    Raises:
        InUseError: The port belongs to another process; the message says which.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        metrics: Callable[[], bytes],
        livez: Callable[[], Health],
        readyz: Callable[[], Health],
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 5.0  # a client that sends nothing holds a thread no longer than this

            def do_GET(self) -> None:
                match self.path.partition("?")[0]:
                    case "/metrics":
                        self._answer(200, metrics(), "text/plain; version=0.0.4; charset=utf-8")
                    case "/livez":
                        self._health(livez())
                    case "/readyz":
                        self._health(readyz())
                    case _:
                        self._answer(404, b"try /metrics, /livez or /readyz\n", "text/plain")

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
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise InUseError(
                f"http {host}:{port}: {error.strerror}{describe_listener(port)};"
                " stop it, or set another http.port"
            ) from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="endpoint", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
