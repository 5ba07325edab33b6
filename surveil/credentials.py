"""Where user, password and other secrets stand in the text of a URL.

The one place that knows, for all kinds of URLs: two parsers that divide ``user:x9@tail@host``
differently give a password half away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

SECRET_NAMES = re.compile(
    r"^(?:.*[_-])?(?:pass(?:wd|word|phrase)?|pwd|pw|psw|token|secret|auth"
    r"|key|api_?key|credentials?|sig(?:nature)?|session|access_?token)$",
    re.IGNORECASE,
)
"""Names of parameters whose values are secrets."""

USER_NAMES = re.compile(r"^(?:.*[_-])?(?:user(?:name)?|usr|login)$", re.IGNORECASE)
"""Names of parameters that are not shown, but whose words are not searched for."""

_REST = re.compile(r"[/?#]")
_JOINED = re.compile(r"(?:^|_)([A-Za-z][A-Za-z0-9-]*)=(.*?)(?=_[A-Za-z][A-Za-z0-9-]*=|$)")


def split_credentials(url: str) -> tuple[str, str | None, str | None]:
    """Take the user and the password out of a URL; both percent-decoded.

    Returns:
        The URL without them, the user and the password; None for what the URL does not have.
    """
    scheme, separator, authority, rest = _divide(url)
    if not separator or "@" not in authority:
        return url, None, None
    userinfo, _, host = authority.rpartition("@")
    username, colon, password = userinfo.partition(":")
    return (
        f"{scheme}://{host}{rest}",
        unquote(username) or None,
        unquote(password) if colon and password else None,
    )


def check_unambiguous(url: str, *, one_at: bool = False) -> None:
    """Refuse a URL in which a character of the password may have been taken for the URL's own.

    In ``rtsp://admin:12/34secret@host`` the host is ``admin``, says the standard; whoever wrote it
    meant another one.

    Args:
        url: As it was written.
        one_at: Refuse a second ``@`` before the host too, for URLs that others parse as well.

    Raises:
        ValueError: It is so; the message says what to do and repeats nothing.
    """
    _, separator, authority, rest = _divide(url)
    if not separator:
        return
    if "@" in rest:
        raise ValueError(
            "has an @ behind a /, ? or #: in a password write / as %2F, ? as %3F, # as %23"
            " and @ as %40; elsewhere write @ as %40"
        )
    if one_at and authority.count("@") > 1:
        raise ValueError("has more than one @ before the host: in a password write @ as %40")


def secret_userinfo(url: str) -> tuple[str, str]:
    """Return user and password as written, taking no chances: all up to the last ``@``."""
    rest = url.partition("://")[2]
    username, _, password = rest.rpartition("@")[0].partition(":")
    return username, password


def parameters(url: str) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a URL as written, without decoding.

    Those of the query, and those that cheap cameras have in their path:
    ``/user=admin&password=…&channel=1`` and ``/user=admin_password=…_channel=1``.
    """
    path, _, query = _divide(url)[3].partition("#")[0].partition("?")
    for chunk in (*re.split(r"[/&;]", path), *re.split(r"[&;]", query)):
        name, equals, value = chunk.partition("=")
        if not equals:
            continue
        joined = [(found[1], found[2]) for found in _JOINED.finditer(chunk)]
        if len(joined) < 2 or SECRET_NAMES.match(name):
            yield name, value
        else:
            yield from joined


def has_plain_secret(url: str) -> bool:
    """Return whether a password or the like stands in a URL in the clear, not by ``${…}``."""
    found = [split_credentials(url)[2] or ""]
    found += [value for name, value in parameters(url) if SECRET_NAMES.match(name)]
    return any(value and "${" not in value for value in found)


def _divide(url: str) -> tuple[str, str, str, str]:
    """Return scheme, ``://``, authority, and the rest with the character that begins it."""
    scheme, separator, rest = url.partition("://")
    end = _REST.search(rest)
    at = end.start() if end else len(rest)
    return scheme, separator, rest[:at], rest[at:]
