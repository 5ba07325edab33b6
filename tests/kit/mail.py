"""A real mail server (aiosmtpd) that takes mail, or refuses it as it is told."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

CERTIFICATE = Path(__file__).parents[1] / "fixtures" / "tls" / "cert.pem"
KEY = CERTIFICATE.with_name("key.pem")


@dataclass
class Postbox:
    """What the server does and has taken.

    Attributes:
        answers: To a recipient, by address, in place of taking it.
        verdict: To the text of each mail, in place of taking it.
        hangs: The server says nothing once it has a mail's text, until :attr:`over`.
        mails: What it has taken, with the recipients of the envelope.
        logins: Users and passwords it was given.
    """

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    verdict: str = ""
    hangs: bool = False
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.verdict:
            return self.verdict
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((list(envelope.rcpt_tos), mail))
        if self.hangs:
            await server.loop.run_in_executor(None, self.over.wait, 60)
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, how: str, data: Any) -> Any:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right-password", handled=False)


def trusted() -> ssl.SSLContext:
    """Return what the server proves itself with: the certificate of tests, for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


@contextmanager
def serve_mail(tls: str = "starttls", *, with_users: bool = False) -> Iterator[Postbox]:
    """Serve on a free port of 127.0.0.1; ``tls`` is as in fleet files."""
    postbox = Postbox()
    options: dict[str, Any] = {}
    if tls == "starttls":
        options = {"tls_context": trusted(), "require_starttls": True}
    elif tls == "implicit":
        options = {"ssl_context": trusted()}
    if with_users:
        options |= {"authenticator": postbox.authenticate, "auth_required": True}
        options |= {"auth_require_tls": tls == "starttls"}
    loop, of_socket = asyncio.new_event_loop(), options.pop("ssl_context", None)
    serving = loop.create_server(
        lambda: SMTP(postbox, hostname="localhost", loop=loop, **options),
        "127.0.0.1",
        0,
        ssl=of_socket,
    )
    server = loop.run_until_complete(serving)
    postbox.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield postbox
    finally:
        postbox.over.set()
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    """Close the server, and let what its connections do come to an end."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
