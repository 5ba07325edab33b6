"""What every answer carries and every request must, as one ASGI middleware.

* The ``Host`` header names this server, so that no other name can be made to point here (DNS
  rebinding).
* An unsafe method comes from a page of this server (``Origin``, or ``Sec-Fetch-Site``), or carries
  a token, which browsers never send by themselves.
* Answers allow scripts, styles and pictures of this server alone, and framing by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from surveil.web.problems import describe

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ALWAYS_ALLOWED = ("localhost", "127.0.0.1", "::1")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)


class SecureHeaders:
    """Checks requests and marks answers.

    Args:
        app: What answers.
        hosts: Names by which this server may be called, beside :data:`ALWAYS_ALLOWED`.
        is_secure: Whether browsers come by TLS.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], is_secure: bool) -> None:
        self._app = app
        self._hosts = {*ALWAYS_ALLOWED, *(host.lower() for host in hosts)}
        self._is_secure = is_secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message))
            await send(message)

        refused = self._refusal(scope["method"], headers)
        if refused is None:
            await self._app(scope, receive, send_marked)
        else:
            await describe(*refused)(scope, receive, send_marked)

    def _refusal(self, method: str, headers: Headers) -> tuple[HTTPStatus, str] | None:
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            return (
                HTTPStatus.MISDIRECTED_REQUEST,
                "the Host header is of another server; add its name to web.allowed_hosts",
            )
        if method in SAFE or headers.get("authorization"):
            return None
        origin = headers.get("origin")
        if origin is not None:
            is_own = urlsplit(origin).netloc.lower() == host.lower()
        else:
            is_own = headers.get("sec-fetch-site") in ("same-origin", "none")
        return (
            None if is_own else (HTTPStatus.FORBIDDEN, "this did not come from a page of surveil")
        )

    def _mark(self, headers: MutableHeaders) -> None:
        headers["content-security-policy"] = POLICY
        headers["x-content-type-options"] = "nosniff"
        headers["referrer-policy"] = "same-origin"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["cross-origin-resource-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), microphone=(), geolocation=()"
        headers.setdefault("cache-control", "no-store")
        if self._is_secure:
            headers["strict-transport-security"] = "max-age=31536000"


def _name_of(host: str) -> str:
    """Return the name in a ``Host`` header, without port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
