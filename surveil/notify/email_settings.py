"""How a receiver of mail is written in a fleet file."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from surveil.durations import Duration
from surveil.notify.email_server import PORTS, MailServer, Tls
from surveil.notify.fields import CaFile, Host, Username, checked_host
from surveil.notify.receiver import Receiver, ReceiverKind
from surveil.notify.schedule import MAIL_TIMEOUT_S
from surveil.secrets import Secret, register_credentials
from surveil.settings import Section, fault

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<domain>[A-Za-z0-9.-]{1,253})")
"""Of RFC 5321 what stands without quotes; nothing in it can end a header or a command."""


def check_address(value: str) -> str:
    """Return an address that can stand in an envelope and in a header as it is."""
    match = _ADDRESS.fullmatch(value)
    if match is None:
        raise fault("must be an address such as ops@example.org, without a name")
    checked_host(match["domain"])
    return value


Address = Annotated[str, AfterValidator(check_address)]


class EmailSettings(Section):
    """Alerts as mail, by SMTP."""

    host: Host
    """Of the mail server."""

    port: Annotated[int | None, Field(ge=1, le=65535)] = None
    """Default: 587 for starttls, 465 for implicit, 25 for none."""

    tls: Tls = Tls.STARTTLS
    """starttls, implicit, or none, which is refused together with a password."""

    ca_file: CaFile | None = None
    """Certificates to trust in place of the system's, as PEM."""

    username: Username = None
    """User at the mail server."""

    password: Secret | None = None
    """Password at the mail server; better ${env:NAME} or ${file:PATH}."""

    sender: Address
    """Who the mail is from."""

    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=50)]
    """Who gets it."""

    timeout_s: Annotated[Duration, Field(gt=0, le=120)] = MAIL_TIMEOUT_S
    """How long one attempt may take."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise fault("username and password go together")
        if self.username is not None and self.password is not None:
            if self.tls is Tls.NONE:
                raise fault("tls: none would send the password in the clear; use starttls")
            register_credentials(self.username.reveal(), self.password.reveal())
        if self.tls is Tls.NONE and self.ca_file is not None:
            raise fault("ca_file says nothing with tls: none")
        return self

    @property
    def server(self) -> MailServer:
        """Where and how."""
        login = None
        if self.username is not None and self.password is not None:
            login = self.username, self.password
        port = self.port or PORTS[self.tls]
        return MailServer(self.host, port, self.tls, self.ca_file, login)


def _make(settings: EmailSettings) -> Receiver:
    # Here, and not above: SMTP and MIME are for the alerter's process alone.
    from surveil.notify.email import EmailReceiver

    return EmailReceiver(
        settings.server, sender=settings.sender, to=settings.to, timeout_s=settings.timeout_s
    )


EMAIL = ReceiverKind(name="email", help="Send alerts by mail.", settings=EmailSettings, make=_make)
