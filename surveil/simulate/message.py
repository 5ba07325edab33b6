"""RTSP 1.0 requests and responses as text (RFC 2326)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 16 * 1024

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    406: "Not Acceptable",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    505: "RTSP Version Not Supported",
    551: "Option Not Supported",
}


class MalformedRequestError(ValueError):
    """Bytes that are no RTSP request, or one beyond the bounds."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are in lower case."""

    method: str
    uri: str
    version: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def stream(self) -> str:
        """The first part of the path, percent-decoded: the camera's name."""
        name = urlsplit(self.uri).path.strip("/").partition("/")[0]
        return unquote(name, errors="surrogateescape")

    @property
    def session(self) -> str | None:
        """The session's id without parameters."""
        value = self.headers.get("session")
        return None if value is None else value.partition(";")[0].strip()


def parse_head(head: bytes) -> Request:
    """Parse the request line and the headers, up to and without the empty line.

    Raises:
        MalformedRequestError: The text is not that of a request.
    """
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError as error:
        raise MalformedRequestError("not UTF-8") from error
    parts = lines[0].split(" ")
    if len(parts) != 3 or not all(parts):
        raise MalformedRequestError("no request line")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedRequestError("no header line")
        headers[name.strip().lower()] = value.strip()
    try:
        urlsplit(parts[1])
    except ValueError as error:
        raise MalformedRequestError("no URI") from error
    return Request(parts[0], parts[1], parts[2], headers)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request, or ``None`` for an interleaved packet, which is discarded.

    Raises:
        MalformedRequestError: No RTSP, or beyond ``MAX_HEAD_BYTES`` or ``MAX_BODY_BYTES``.
        asyncio.IncompleteReadError: The client closed its connection.
    """
    first = await reader.readexactly(1)
    while first in (b"\r", b"\n"):
        first = await reader.readexactly(1)
    if first == b"$":
        head = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(head[1:], "big"))
        return None
    try:
        rest = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise MalformedRequestError("head too long") from error
    request = parse_head(first + rest[:-4])
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        raise MalformedRequestError("body too long")
    body = await reader.readexactly(int(length))
    return Request(request.method, request.uri, request.version, request.headers, body)


def format_response(
    status: int, sequence: str | None, headers: Mapping[str, str], body: bytes = b""
) -> bytes:
    """Return a response's bytes; ``Content-Length`` is added for a body."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}"]
    if sequence is not None:
        lines.append(f"CSeq: {sequence}")
    lines.extend(f"{name}: {value}" for name, value in headers.items())
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
