"""Where mail is handed in, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from surveil.secrets import Secret


class Tls(StrEnum):
    """How the connection is encrypted."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


PORTS = {Tls.STARTTLS: 587, Tls.IMPLICIT: 465, Tls.NONE: 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server of SMTP; ``login`` is user and password, ``ca_file`` what to trust, as PEM."""

    host: str
    port: int
    tls: Tls
    ca_file: Path | None = None
    login: tuple[Secret, Secret] | None = None
