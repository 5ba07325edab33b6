"""A page on this machine alone, on which one person labels pictures, blind to what others said.

The server listens on the loopback interface and answers only who knows the token of its address,
under the host name that it has there: no other program's page can ask it in a browser's name.
Pictures are named by number and drawn anew, so nothing but the pictures leaves the folder.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import cv2

from surveil.training.collect.answers import CHOICES, Answers
from surveil.training.data.pictures import read_photograph
from surveil.training.errors import DataError

LONGEST_PX = 900
MOST_BODY_BYTES = 1024
IDLE_S = 30.0
"""A connection that says nothing for so long is closed."""


def order_for(name: str, files: Sequence[str]) -> list[str]:
    """Return files in an order of a person's own, the same each time.

    Who labels in the order of the folder is led by the picture before; two in the same order are
    led alike.
    """
    return sorted(files, key=lambda file: hashlib.sha256(f"{name}\0{file}".encode()).digest())


class LabelServer(ThreadingHTTPServer):
    """Serves the page of one person until it is closed.

    Args:
        source: Folder of the pictures.
        files: Paths below it.
        name: Of the person.
        answers: Theirs.
        port: 0 takes a free one.
    """

    daemon_threads = True

    def __init__(
        self, source: Path, files: Sequence[str], name: str, answers: Answers, port: int = 0
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.source, self.answers = source, answers
        self.files = order_for(name, files)
        self.token = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """What to open in a browser."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    @property
    def left(self) -> list[int]:
        """Numbers of the pictures without an answer, in order."""
        return [at for at, file in enumerate(self.files) if file not in self.answers]


class _Handler(BaseHTTPRequestHandler):
    server: LabelServer
    timeout = IDLE_S
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address holds the token."""

    def do_GET(self) -> None:
        what = self._asked()
        if what == "":
            page = resources(__package__).joinpath("label.html").read_text(encoding="utf-8")
            page = page.replace("NONCE", self.server.token).replace("CHOICES", json.dumps(CHOICES))
            self._send(page.encode(), "text/html; charset=utf-8")
        elif what == "next":
            self._send_state()
        elif what is not None and what.startswith("picture/"):
            self._send_picture(what.removeprefix("picture/"))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        what, server = self._asked(), self.server
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if what not in ("answer", "undo") or not 0 <= length <= MOST_BODY_BYTES:
            self.close_connection = True
            self.send_error(HTTPStatus.NOT_FOUND if what is None else HTTPStatus.BAD_REQUEST)
            return
        body = self.rfile.read(length)
        try:
            if what == "undo":
                server.answers.take_back()
            else:
                said = json.loads(body)
                server.answers.add(server.files[_place(said["picture"])], said["answer"])
        except (ValueError, KeyError, TypeError, IndexError):
            self.send_error(HTTPStatus.BAD_REQUEST)
        except OSError as error:
            self.send_error(HTTPStatus.INSUFFICIENT_STORAGE, error.strerror)
        else:
            self._send_state()

    def _asked(self) -> str | None:
        """Return what is asked for, behind the token; ``None`` to whoever does not know it."""
        if self.headers.get("Host") != f"127.0.0.1:{self.server.server_port}":
            return None
        token, slash, what = self.path.removeprefix("/").partition("/")
        known = secrets.compare_digest(token.encode(), self.server.token.encode())
        return what if known and slash else None

    def _send_state(self) -> None:
        left = self.server.left
        state = {
            "picture": left[0] if left else None,
            "left": len(left),
            "done": len(self.server.files) - len(left),
        }
        self._send(json.dumps(state).encode(), "application/json")

    def _send_picture(self, number: str) -> None:
        try:
            rgb = read_photograph(self.server.source / self.server.files[_place(number)])
        except (ValueError, IndexError):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        except DataError:
            self.send_error(HTTPStatus.UNPROCESSABLE_ENTITY)
            return
        scale = min(LONGEST_PX / max(rgb.shape[:2]), 1.0)
        if scale < 1:
            rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        drawn = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
        self._send(drawn, "image/jpeg")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        nonce = self.server.token
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; img-src 'self'; connect-src 'self'; script-src 'nonce-{nonce}'; "
            f"style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(content)


def _place(number: object) -> int:
    at = int(str(number))
    if at < 0:
        raise IndexError(at)
    return at
