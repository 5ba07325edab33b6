"""A receiver that sends alerts as mail, by SMTP over TLS."""

from __future__ import annotations

import html
import smtplib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from surveil.notify.deadline import BoundedCalls
from surveil.notify.email_server import MailServer, Tls
from surveil.notify.receiver import Attempt, Notice, Outcome, detail_of
from surveil.notify.trust import trusting
from surveil.notify.wording import alerts_of, facts_of, omitted_of, subject_of, text_of

COLOURS = {"alert.firing": "#b00020", "alert.resolved": "#1b7a3d"}


class EmailReceiver:
    """Sends each message over a connection of its own, in plain text and in HTML.

    Every attempt has the same Message-ID, so that a repeated one is recognised. Certificates are
    verified. One recipient that is refused does not keep the mail from the others; it is told of in
    the attempt's detail.

    A refusal of this message for good (5xx to a recipient or to the text) ends it. Whatever is
    wrong before that (connection, TLS, password) is tried again: somebody may put it right.
    """

    def __init__(
        self, server: MailServer, *, sender: str, to: tuple[str, ...], timeout_s: float
    ) -> None:
        self._server = server
        self._sender = sender
        self._to = to
        self._timeout_s = timeout_s
        self._calls: BoundedCalls[Attempt] = BoundedCalls("email", timeout_s)
        self._connection: smtplib.SMTP | None = None

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        """Send once."""
        mail = compose(notice, at, sender=self._sender, to=self._to)
        try:
            return self._calls.run(lambda: self._send(mail))
        except TimeoutError as error:
            self._hang_up()
            return Attempt(Outcome.RETRY, f"timed out: {error}", is_reachable=False)
        except smtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients.values())
        except smtplib.SMTPDataError as error:
            return _refused([(error.smtp_code, error.smtp_error)])
        except (smtplib.SMTPException, OSError) as error:
            return Attempt(Outcome.RETRY, _explain(error), is_reachable=False)

    def close(self) -> None:
        """Nothing to let go of: each attempt closes its connection."""

    def _send(self, mail: EmailMessage) -> Attempt:
        connection = self._connection = self._connect()
        try:
            refused = connection.send_message(mail, from_addr=self._sender, to_addrs=list(self._to))
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()  # it has taken the mail, however it says good-bye
        finally:
            connection.close()
        told = [f"{to} was refused: {_said(*answer)}" for to, answer in refused.items()]
        return Attempt(Outcome.DELIVERED, ", ".join(told))

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        tls = None if server.tls is Tls.NONE else trusting(server.ca_file)
        # "localhost": without a name smtplib would look up this host's own, however long it takes.
        if server.tls is Tls.IMPLICIT:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, "localhost", timeout=self._timeout_s, context=tls
            )
        else:
            connection = smtplib.SMTP(
                server.host, server.port, "localhost", timeout=self._timeout_s
            )
        try:
            connection.local_hostname = _address_literal(connection)
            if server.tls is Tls.STARTTLS:
                connection.starttls(context=tls)
            if server.login is not None:
                username, password = server.login
                connection.login(username.reveal(), password.reveal())
        except BaseException:
            connection.close()
            raise
        return connection

    def _hang_up(self) -> None:
        """Close what the attempt that was left behind waits on, so that it ends."""
        if self._connection is not None:
            self._connection.close()


def compose(notice: Notice, at: datetime, *, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """Return a message as mail; no text of it can add a header (RFC 5322) or a part.

    Args:
        notice: What to tell; its id becomes the Message-ID.
        at: Instant of the attempt.
        sender: Address; its domain is the right side of the Message-ID.
        to: Addresses.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = subject_of(notice.payload)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{notice.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice answers it
    mail.set_content(text_of(notice.payload, notice.id))
    mail.add_alternative(html_of(notice.payload, notice.id), subtype="html")
    return mail


def html_of(payload: Mapping[str, Any], message_id: str) -> str:
    """Return a message as HTML: a table for each alert, no image, link or style sheet."""
    parts = [f"<h2>{html.escape(subject_of(payload))}</h2>"]
    for one in alerts_of(payload):
        colour = COLOURS.get(str(one.get("type")), "#555555")
        rows = "".join(
            f"<tr><th align='left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
            for name, value in facts_of(one)
        )
        parts.append(
            f"<table cellpadding='4' style='border-left: 4px solid {colour}; margin: 12px 0'>"
            f"{rows}</table>"
        )
    if omitted := omitted_of(payload):
        parts.append(f"<p>and {omitted} more</p>")
    parts.append(f"<p><small>message {html.escape(message_id)}</small></p>")
    body = "\n".join(parts)
    return (
        f"<!doctype html>\n<html><body style='font-family: sans-serif'>\n{body}\n</body></html>\n"
    )


def _address_literal(connection: smtplib.SMTP) -> str:
    """Return how this host introduces itself: by its address (RFC 5321, section 4.1.3)."""
    assert connection.sock is not None
    address = str(connection.sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _refused(answers: Iterable[tuple[int, bytes | str]]) -> Attempt:
    """Judge by the answers to this message: for good if each of them says so."""
    said = list(answers)
    detail = "; ".join(_said(code, text) for code, text in said)
    is_final = all(500 <= code <= 599 for code, _ in said)
    return Attempt(Outcome.GONE if is_final else Outcome.RETRY, detail)


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return detail_of(f"SMTP {code} {' '.join(words.split())}")


def _explain(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return f"the server does not offer what is needed: {error}"
    return detail_of(error)
