"""A local HTTP server that does as it is told, and remembers what it was sent."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from kit.mail import trusted


@dataclass
class Hook:
    """What the server does: answer ``status``, with ``headers``; ``endless`` never ends.

    Before that it sends ``dripping`` bytes of a header, one after the other, or without end
    ``preliminary`` answers; both until the client has gone.
    """

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    endless: bool = False
    silent: bool = False
    dripping: bytes = b""
    preliminary: bytes = b""
    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    hook: Hook
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.hook.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
        if self.hook.silent:
            self.hook.over.wait(30)
            return
        for piece in (self.hook.preliminary, self.hook.dripping):
            if piece:
                self.repeat(piece, pause_s=0.05 if piece is self.hook.dripping else 0.0)
                return
        self.send_response(self.hook.status)
        for name, value in self.hook.headers.items():
            self.send_header(name, value)
        if self.hook.endless:
            self.end_headers()
            self.repeat(b"x" * 65536)
        else:
            self.send_header("content-length", "0")
            self.end_headers()

    def repeat(self, piece: bytes, pause_s: float = 0.0) -> None:
        """Send a piece until the client has gone, or the test is over."""
        deadline = time.monotonic() + 60
        try:
            while time.monotonic() < deadline and not self.hook.over.wait(pause_s):
                self.wfile.write(piece)
                self.wfile.flush()
        except OSError:
            return

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield from serve_hook()


@pytest.fixture
def tls_hook() -> Iterator[Hook]:
    """The same over TLS, by the certificate of tests."""
    yield from serve_hook(trusted())


def serve_hook(tls: ssl.SSLContext | None = None) -> Iterator[Hook]:
    hook = Hook()
    handler = type("BoundHandler", (Handler,), {"hook": hook})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    scheme = "http" if tls is None else "https"
    hook.url = f"{scheme}://127.0.0.1:{server.server_port}/hooks/alerts"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hook
    hook.over.set()
    server.shutdown()
    thread.join()
    server.server_close()
