"""Fill in ``${env:NAME}`` and ``${file:PATH}``."""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from surveil.config.document import Document, Location
from surveil.config.problems import MOST_SHOWN, Problem, did_you_mean
from surveil.paths import from_base
from surveil.settings import Interpolated

MAX_SECRET_BYTES = 64 << 10
"""Largest file that ``${file:}`` reads."""

_REFERENCE = re.compile(r"\$(?:(\$\{)|\{([^{}]*)\})")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MOUNTED = ("/run/", "/var/run/")


class Interpolator:
    """Replaces the references of a document's texts.

    In a URL that is written out around a reference, the value of a reference in the user, the
    password or the query is percent-encoded: variables and files hold plain passwords.
    """

    def __init__(self, document: Document, base: Path, environment: Mapping[str, str]) -> None:
        self._document = document
        self._base = base
        self._environment = environment
        self.problems: list[Problem] = []
        self.failed: set[Location] = set()
        self.warnings: list[Problem] = []

    def fill(self, value: Any, location: Location = ()) -> Any:
        """Return the value with all references in it replaced; faults go to ``problems``."""
        if isinstance(value, dict):
            return {key: self.fill(item, (*location, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, (*location, i)) for i, item in enumerate(value)]
        if isinstance(value, str) and "$" in value:
            return self._text(value, location)
        return value

    def _text(self, text: str, location: Location) -> str:
        pieces: list[str] = []

        def replace(match: re.Match[str]) -> str:
            if match[1]:
                return "${"
            try:
                piece = self._resolve(match[2], location)
            except ValueError as error:
                self.problems.append(self._document.problem(location, str(error)))
                self.failed.add(location)
                return ""
            pieces.append(piece)
            return _encoder(text, match.start())(piece)

        if "${" in _REFERENCE.sub("", text):
            message = "a ${ is not closed by }; write ${env:NAME}, or $${ for a plain ${"
            self.problems.append(self._document.problem(location, message))
            self.failed.add(location)
            return ""
        filled = _REFERENCE.sub(replace, text)
        if not pieces:
            return filled
        is_whole = _REFERENCE.fullmatch(text) is not None
        return Interpolated.of(filled, tuple(pieces), is_whole=is_whole)

    def _resolve(self, reference: str, location: Location) -> str:
        kind, _, name = reference.partition(":")
        if kind not in ("env", "file") or not name:
            hint = "" if kind in ("env", "file") else did_you_mean(kind, ("env", "file"))
            raise ValueError(f"${{{reference}}} is neither ${{env:NAME}} nor ${{file:PATH}}{hint}")
        if kind == "env":
            return self._variable(name)
        try:
            path = Path(from_base(name, self._base))
        except ValueError as error:
            raise ValueError(f"${{{reference}}} {error}") from None
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise ValueError(f"${{{reference}}}: {path} is not a file")
                content = file.read(MAX_SECRET_BYTES + 1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ValueError(f"${{{reference}}}: {path} cannot be read: {reason}") from None
        if len(content) > MAX_SECRET_BYTES:
            raise ValueError(f"${{{reference}}}: {path} is larger than 64 KiB")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"${{{reference}}}: {path} is not text in UTF-8") from None
        text = text.removesuffix("\n").removesuffix("\r")
        if not text:
            raise ValueError(f"${{{reference}}}: {path} is empty")
        if status.st_mode & stat.S_IROTH and not str(path).startswith(_MOUNTED):
            message = f"{path} can be read by every user of this host; chmod 600 {path}"
            self.warnings.append(self._document.problem(location, message))
        return text

    def _variable(self, name: str) -> str:
        value = self._environment.get(name)
        if value is None:
            near = ""
            if len(self.problems) < MOST_SHOWN:
                near = did_you_mean(name, self._environment, show_all_up_to=0)
            raise ValueError(f"environment variable {name} is not set{near}{self._way_to_set()}")
        if not value:
            raise ValueError(f"environment variable {name} is empty")
        return value

    def _way_to_set(self) -> str:
        """Return, with the first variable that is missing, how a shell takes a file of them."""
        file = self._base / ".env"
        if self.failed or not file.is_file():
            return ""
        return f"; if {file} has it: set -a; . {shlex.quote(str(file))}; set +a"


def _encoder(text: str, position: int) -> Callable[[str], str]:
    """Return how a value is written at a position of a text: as it is, or for a URL's part."""
    start = _URL.match(text)
    if start is None or position < start.end():
        return str
    plain = _REFERENCE.sub(lambda match: "x" * len(match[0]), text)
    rest = re.search(r"[/?#]", plain[start.end() :])
    authority_end = start.end() + rest.start() if rest else len(plain)
    userinfo_end = plain.rfind("@", start.end(), authority_end)
    query_start = plain.find("?", start.end())
    if position < userinfo_end or 0 <= query_start < position:
        return lambda piece: quote(piece, safe="")
    return str
