"""Removal of secrets from any text, by value.

Patterns that guess what a password looks like in a URL miss user names with dots, percent-encoding,
empty users and query parameters. So every secret of the process is registered when it is made, and
:func:`redact` looks for these very values, in every encoding a library may print them in.
"""

from __future__ import annotations

import base64
import html
import re
import threading
from collections.abc import Iterable, Iterator
from functools import cached_property

from surveil.errors import ConfigError

MASK = "***"

SHORTEST = 4
"""Shorter values are not searched for on their own: they would blot out ordinary words. A short
password is still hidden in a URL, in ``user:password`` and in basic authentication."""

MOST = 10_000
"""Values registered in one process at most; one more is a configuration error."""

_USERINFO = re.compile(r"(?<=://)(?:[^/?#\s\"'<>@]*:[^\s\"'<>]*|[^/?#\s\"'<>]*)@")
"""With a colon up to the last @: a password with a / or ? in it must not show for being wrong."""
_RUN = r"[A-Za-z0-9+/=_-]*"
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}|\\|\+|&(?:#|amp;|lt;|gt;|quot;)")
"""Where none of these is, a secret can only stand in plain, in base64 or in hexadecimal."""

_LETTER_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


class _Needle:
    """The forms of one secret that :func:`redact` looks for; made at the first look."""

    def __init__(self, value: str) -> None:
        self.value = value

    @cached_property
    def encoded(self) -> tuple[str, ...]:
        """What must stand in every base64 or hexadecimal text of the value."""
        return (*_base64_cores(self.value), *_hex_forms(self.value))

    @cached_property
    def escaped(self) -> re.Pattern[str]:
        """The value with each character as it is or escaped."""
        return re.compile("".join(_any_escape(character) for character in self.value))


class Redactor:
    """A set of values, and their removal from texts. Thread-safe; values are never taken out.

    Each process has one, which :class:`Secret` and :func:`redact` use.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._needles: dict[str, _Needle] = {}
        self._ordered: tuple[_Needle, ...] | None = ()

    def add(self, value: str) -> None:
        """Have the value removed from now on; shorter ones than ``SHORTEST`` are ignored.

        Raises:
            ConfigError: There are ``MOST`` values already.
        """
        with self._lock:
            if len(value) < SHORTEST or value in self._needles or not value.strip("*"):
                return
            if len(self._needles) >= MOST:
                raise ConfigError(f"more than {MOST} different secrets; let cameras share accounts")
            self._needles[value] = _Needle(value)
            self._ordered = None

    def values(self) -> list[str]:
        """Return all values, the longest first."""
        return [needle.value for needle in self._longest_first()]

    def _longest_first(self) -> tuple[_Needle, ...]:
        """Return the needles so that a secret that contains another one goes as a whole."""
        ordered = self._ordered
        if ordered is None:
            with self._lock:
                needles = sorted(self._needles.values(), key=lambda needle: -len(needle.value))
                ordered = self._ordered = tuple(needles)
        return ordered

    def redact(self, text: str) -> str:
        """Return the text without the values; see the function of this name."""
        has_escapes = _ESCAPE.search(text) is not None
        for needle in self._longest_first():
            if has_escapes:
                # Finds the plain value too, but not before an escape that begins alike.
                text = needle.escaped.sub(MASK, text)
            elif needle.value in text:
                text = text.replace(needle.value, MASK)
            for core in needle.encoded:
                if core in text:
                    text = re.sub(_RUN + re.escape(core) + _RUN, MASK, text)
        if "://" in text:
            text = _USERINFO.sub(f"{MASK}@", text)
        return text


_redactor = Redactor()


def register(value: str) -> None:
    """Have :func:`redact` remove this value from now on, in this process.

    Values shorter than ``SHORTEST`` are ignored.

    Raises:
        ConfigError: ``MOST`` values are registered already.
    """
    _redactor.add(value)


def register_credentials(username: str, password: str) -> None:
    """Register a password and its ``user:password`` form, which also hides a short password."""
    if password:
        register(password)
        register(f"{username}:{password}")


def registered() -> list[str]:
    """Return all registered values, to hand them to a child process over a private pipe."""
    return _redactor.values()


def redact(text: str) -> str:
    """Return the text with every registered secret replaced by ``***``.

    Found are the plain value; percent-encoding in either case, of any subset of the characters,
    repeated or with ``+`` for a space; JSON, Python and HTML escapes; base64 and hexadecimal,
    also when the secret is only a part of what was encoded, as in basic authentication. Whatever
    stands between ``://`` and ``@`` goes as well, registered or not.
    """
    return _redactor.redact(text)


def _any_escape(character: str) -> str:
    """Return a pattern for one character as itself or in any of the escapes of text formats."""
    code = ord(character)
    octets = character.encode("utf-8", "surrogatepass")
    forms = {re.escape(character)}
    forms.add("".join(rf"%(?:25)*{_either_case(f'{octet:02x}')}" for octet in octets))
    if code > 0xFFFF:
        units = character.encode("utf-16-be")
        halves = (units[:2].hex(), units[2:].hex())
        forms.add("".join(rf"\\+u{_either_case(half)}" for half in halves))
        forms.add(rf"\\+U{_either_case(f'{code:08x}')}")
    else:
        forms.add(rf"\\+u{_either_case(f'{code:04x}')}")
    forms.add("".join(rf"\\+x{_either_case(f'{octet:02x}')}" for octet in octets))
    if code <= 0xFF:
        forms.add(rf"\\+x{_either_case(f'{code:02x}')}")
    if character in "\"'\\/":
        forms.add(r"\\+" + re.escape(character))
    if character in _LETTER_ESCAPES:
        forms.add(r"\\+" + _LETTER_ESCAPES[character])
    if character == " ":
        forms.add(r"\+")
    named = html.escape(character)
    if named != character:
        forms.add(re.escape(named))
    forms.add(rf"&#0*{code};")
    forms.add(rf"&#[xX]0*{_either_case(f'{code:x}')};")
    # Longest first, so that an escaped backslash is not left half behind.
    return "(?:" + "|".join(sorted(forms, key=lambda form: (-len(form), form))) + ")"


def _either_case(digits: str) -> str:
    return "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in digits)


def _base64_cores(value: str) -> Iterator[str]:
    """Yield what the base64 of any text containing the value must contain, for each alignment.

    An octet's place modulo 3 decides its encoding. The first and last character, which other
    octets also write to, are left out; :func:`redact` removes them with the rest of the run.
    """
    octets = value.encode("utf-8", "surrogatepass")
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + octets).decode().rstrip("=")
        start = -(-offset * 8 // 6)
        end = (offset + len(octets)) * 8 // 6
        core = encoded[start:end]
        if len(core) >= SHORTEST:
            yield core
            url_safe = core.translate(str.maketrans("+/", "-_"))
            if url_safe != core:
                yield url_safe


def _hex_forms(value: str) -> Iterable[str]:
    digits = value.encode("utf-8", "surrogatepass").hex()
    return {digits, digits.upper()}
