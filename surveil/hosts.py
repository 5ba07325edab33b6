"""Hosts and ports of URLs, checked before any library resolves them.

A name such as ``hooks..example.org`` is a URL's host by its syntax, and an error from deep inside
the standard library once somebody connects to it.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import idna

LONGEST_NAME = 253
"""Characters of a host's name at most (RFC 1035)."""

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
"""One part of a name. The underscore is no part of RFC 1123, but of many a container's name."""

_NUMBERS = re.compile(r"[0-9.]+")


def split_host(url: str) -> tuple[str, int | None]:
    """Return host and port of a URL ``scheme://host:port/…``, without the brackets of IPv6.

    The host is empty where the URL names none.

    Raises:
        ValueError: No URL, or the host or the port cannot be one. The message repeats neither.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not a URL: check host and port") from None
    if host:
        check_host(host)
    if port == 0:
        raise ValueError("port 0 cannot be connected to")
    return host, port


def check_host(host: str) -> None:
    """Refuse what is neither an IP address nor a name that could be looked up.

    Raises:
        ValueError: It is not; the message does not repeat it.
    """
    if ":" in host:
        try:
            ipaddress.IPv6Address(host.replace("%25", "%", 1))
        except ValueError:
            raise ValueError("the host is no IPv6 address") from None
        return
    if _NUMBERS.fullmatch(host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError("the host is no IPv4 address; it has four numbers up to 255") from None
        return
    try:
        name = host if host.isascii() else idna.encode(host.lower()).decode("ascii")
        for label in name.lower().split("."):
            if label.startswith("xn--"):
                idna.decode(label)  # what the HTTP library does too, once it connects
    except UnicodeError:
        raise ValueError("the host is no name that can be looked up") from None
    labels = name.removesuffix(".").split(".")
    if len(name) > LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(
            "the host is no name that can be looked up: parts of letters, digits and -,"
            " with single dots between them"
        )
