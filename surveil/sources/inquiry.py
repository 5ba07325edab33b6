"""Ask an RTSP camera once more why it refuses, where FFmpeg's error does not tell.

FFmpeg hands on neither the address that a camera redirects to nor the digest it asks for. One
DESCRIBE without credentials, which no camera counts as a failed login, shows both.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import av.error

from surveil.domain import Reason
from surveil.redaction import redact
from surveil.sources.address import Address
from surveil.sources.failure import Failure
from surveil.sources.options import SourceOptions
from surveil.sources.reasons import classify

LIMIT_S = 3.0
"""For connecting, asking and the answer together."""

MOST_DESCRIPTION_BYTES = 1 << 20
"""Of a session description; FFmpeg makes room for whatever is announced."""

_MOST_BYTES = 16 * 1024
_ALGORITHM = re.compile(r'algorithm\s*=\s*"?([\w-]{1,32})', re.IGNORECASE)
_ALGORITHMS = ("md5", "md5-sess")


@dataclass(frozen=True, slots=True)
class Reply:
    """The head of an RTSP answer; names of headers in lower case, in their order."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Return the values of all headers of a name."""
        return [value for key, value in self.headers if key == name]


def explain(error: Exception, options: SourceOptions, address: Address) -> Failure:
    """Return why FFmpeg could not open a source; asks the camera where that tells more.

    Takes up to ``LIMIT_S``.
    """
    failure = classify(error)
    if address.url.startswith("/dev/") and failure.reason is Reason.NOT_FOUND:
        detail = f"there is no {address.url}; `ls /dev/video*` shows what there is"
        return Failure(Reason.NOT_FOUND, detail)
    if address.host is None or address.port is None:
        return failure
    if getattr(error, "errno", None) == errno.EPROTONOSUPPORT:
        other = "udp" if options.transport == "tcp" else "tcp"
        detail = f"the camera does not send by {options.transport}; try transport: {other}"
        return Failure(Reason.REFUSED, detail)
    is_denied = failure.reason is Reason.AUTH_FAILED and options.password is not None
    is_vague = isinstance(error, av.error.ArgumentError | av.error.InvalidDataError)
    if not is_denied and not is_vague:
        return failure
    reply = ask(options.url, address.host, address.port)
    if reply is None:
        return failure
    return explain_reply(reply) or failure


def explain_reply(reply: Reply) -> Failure | None:
    """Return what an answer to DESCRIBE says beyond its status, None for nothing. Pure."""
    if 300 <= reply.status < 400:
        place = _show_location(next(iter(reply.values("location")), ""))
        if not place:
            return Failure(Reason.NOT_FOUND, "the camera redirects, but does not say where to")
        detail = f"the camera redirects to {place}; name that address as the source"
        return Failure(Reason.NOT_FOUND, detail)
    if reply.status == 401:
        # Of several, FFmpeg takes the last digest.
        digests = [
            value
            for value in reply.values("www-authenticate")
            if value.lower().startswith("digest ")
        ]
        algorithm = _ALGORITHM.search(digests[-1]) if digests else None
        if algorithm and algorithm[1].lower() not in _ALGORITHMS:
            detail = f"the camera asks for a digest by {algorithm[1]}, which is not supported"
            return Failure(Reason.AUTH_UNSUPPORTED, f"{detail}; allow MD5 there")
    length = next(iter(reply.values("content-length")), "")
    if length.isdecimal() and int(length[:20]) > MOST_DESCRIPTION_BYTES:
        return Failure(
            Reason.MEMORY_LIMIT, f"the camera announces a description of {length[:20]} bytes"
        )
    return None


def ask(url: str, host: str, port: int) -> Reply | None:
    """Send one DESCRIBE and return the head of its answer, None if there is none.

    Args:
        url: ``rtsp://…`` or ``rtsps://…``, without credentials.
        host: To connect to.
        port: To connect to.
    """
    until_s = time.monotonic() + LIMIT_S
    request = f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    try:
        with socket.create_connection((host, port), LIMIT_S) as plain:
            connection = _encrypt(plain, host) if url.startswith("rtsps:") else plain
            with connection:
                connection.sendall(request.encode())
                head = b""
                while b"\r\n\r\n" not in head and len(head) < _MOST_BYTES:
                    # The time-out is that of one read: a camera may drip.
                    connection.settimeout(max(until_s - time.monotonic(), 0.01))
                    part = connection.recv(_MOST_BYTES)
                    if not part or time.monotonic() > until_s:
                        return None
                    head += part
    except (OSError, ValueError):
        return None
    return parse_head(head.partition(b"\r\n\r\n")[0])


def parse_head(head: bytes) -> Reply | None:
    """Return status and headers of an answer, None for what is no RTSP."""
    first, *lines = head.decode("utf-8", errors="replace").split("\r\n")
    found = re.match(r"RTSP/1\.\d (\d{3})\b", first)
    if found is None:
        return None
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    return Reply(int(found[1]), headers)


def _encrypt(plain: socket.socket, host: str) -> ssl.SSLSocket:
    # As FFmpeg does it: cameras sign their own certificates.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host)


def _show_location(location: str) -> str:
    """Return where to, without credentials, query and what is not printable."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    shown = "".join(letter for letter in place if letter.isprintable())
    return redact(shown)[:200] if parts.scheme and parts.netloc else ""
