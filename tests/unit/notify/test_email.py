"""Mail, against a real server: taken once, refused, silent, slow; and headers that stay whole."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from kit.mail import CERTIFICATE, Postbox, serve_mail
from pydantic import ValidationError

from surveil.notify import Attempt, Notice, Outcome
from surveil.notify.email import compose
from surveil.notify.email_settings import EMAIL, EmailSettings

AT = datetime(2025, 3, 1, 12, tzinfo=UTC)
DATA = {
    "rule": "crowd-anger",
    "key": "lobby",
    "camera": "lobby",
    "state": "firing",
    "value": 0.4567,
    "threshold": 0.4,
    "faces": 3.0,
    "coverage": 0.98,
    "since_at": "2025-03-01T11:59:50Z",
    "at": "2025-03-01T12:00:00Z",
    "labels": {"severity": "warning"},
    "annotations": {"summary": "lobby: 46% angry"},
}
NOTICE = Notice(
    "msg_01JNP0000000000000000000AB",
    {"type": "alert.firing", "timestamp": "2025-03-01T12:00:00Z", "data": DATA},
)


def settings(port: int | None, **fields: Any) -> EmailSettings:
    given = {
        "host": "localhost",
        "port": port,
        "ca_file": str(CERTIFICATE),
        "sender": "surveil@example.org",
        "to": ["ops@example.org"],
        "timeout_s": 20,
        **fields,
    }
    return EmailSettings.model_validate({k: v for k, v in given.items() if v is not None})


def deliver(postbox: Postbox, notice: Notice = NOTICE, **fields: Any) -> Attempt:
    receiver = EMAIL.make(settings(postbox.port, **fields))
    try:
        return receiver.deliver(notice, AT)
    finally:
        receiver.close()


@pytest.mark.parametrize("tls", ["starttls", "implicit", "none"])
def test_mail_arrives_over_each_kind_of_connection(tls: str) -> None:
    with serve_mail(tls) as postbox:
        attempt = deliver(postbox, tls=tls, ca_file=None if tls == "none" else str(CERTIFICATE))
    assert attempt == Attempt(Outcome.DELIVERED)
    ((recipients, mail),) = postbox.mails
    assert recipients == ["ops@example.org"]
    assert mail["Subject"] == "[FIRING] lobby: 46% angry"
    assert mail["Message-ID"] == "<msg_01JNP0000000000000000000AB@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "value: 0.457 (threshold 0.4)" in text.get_content()
    assert "coverage: 98%" in text.get_content()
    assert "<td>lobby: 46% angry</td>" in html.get_content()


def test_each_attempt_has_the_same_message_id() -> None:
    with serve_mail() as postbox:
        postbox.verdict = "451 try later"
        first = deliver(postbox)
        postbox.verdict = ""
        second, third = deliver(postbox), deliver(postbox)
    assert (first.outcome, first.detail) == (Outcome.RETRY, "SMTP 451 try later")
    assert second.outcome is third.outcome is Outcome.DELIVERED
    assert len({mail["Message-ID"] for _, mail in postbox.mails}) == 1


def test_the_password_is_given_over_tls_alone() -> None:
    with serve_mail(with_users=True) as postbox:
        assert deliver(postbox, username="alerts", password="right-password").outcome is (
            Outcome.DELIVERED
        )
        wrong = deliver(postbox, username="alerts", password="wrong-password")
    assert postbox.logins[0] == (b"alerts", b"right-password")
    assert (wrong.outcome, wrong.is_reachable) == (Outcome.RETRY, False)
    assert wrong.detail.startswith("SMTP 535")


def test_a_server_without_tls_is_given_nothing() -> None:
    with serve_mail("none") as postbox:
        attempt = deliver(postbox, tls="starttls")
        assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
        assert "STARTTLS" in attempt.detail
    assert postbox.mails == []


def test_a_certificate_that_nobody_trusts_is_refused() -> None:
    with serve_mail() as postbox:
        attempt = deliver(postbox, ca_file=None)
        other_name = deliver(postbox, host="127.0.0.2")
    assert "CERTIFICATE_VERIFY_FAILED" in attempt.detail
    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert other_name.outcome is Outcome.RETRY
    assert postbox.mails == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("550 no such user", Outcome.GONE), ("450 greylisted", Outcome.RETRY)],
)
def test_a_refusal_for_good_ends_the_message(answer: str, outcome: Outcome) -> None:
    with serve_mail() as postbox:
        postbox.answers["ops@example.org"] = answer
        attempt = deliver(postbox)
        postbox.answers.clear()
        postbox.verdict = answer
        of_text = deliver(postbox)
    assert attempt == of_text == Attempt(outcome, f"SMTP {answer}")


def test_one_refused_recipient_is_told_of_and_keeps_the_mail_from_nobody_else() -> None:
    with serve_mail() as postbox:
        postbox.answers["gone@example.org"] = "550 no such user"
        attempt = deliver(postbox, to=["ops@example.org", "gone@example.org"])
    assert attempt.outcome is Outcome.DELIVERED
    assert attempt.detail == "gone@example.org was refused: SMTP 550 no such user"
    assert postbox.mails[0][0] == ["ops@example.org"]


def test_silence_ends_with_the_deadline_and_the_next_attempt_goes_on() -> None:
    with serve_mail() as postbox:
        postbox.hangs = True
        receiver = EMAIL.make(settings(postbox.port, timeout_s=1.5))
        first = receiver.deliver(NOTICE, AT)
        postbox.hangs = False
        postbox.over.set()
        second = receiver.deliver(NOTICE, AT)
    assert (first.outcome, first.is_reachable) == (Outcome.RETRY, False)
    assert first.detail.startswith("timed out")
    assert second.outcome is Outcome.DELIVERED


def test_a_server_that_drips_ends_with_the_deadline() -> None:
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            deadline = time.monotonic() + 60
            while not over.wait(0.05) and time.monotonic() < deadline:
                try:
                    connection.sendall(b"220-still here\r\n")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        receiver = EMAIL.make(settings(server.getsockname()[1], timeout_s=0.5))
        attempt = receiver.deliver(NOTICE, AT)
        over.set()
        thread.join()
    assert attempt.detail == "timed out: no answer within 0.5 s"


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    attempt = EMAIL.make(settings(port)).deliver(NOTICE, AT)
    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert "refused" in attempt.detail.lower()


def test_no_text_adds_a_header_a_recipient_or_a_tag() -> None:
    evil = "x\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script>"
    data = DATA | {"rule": evil, "key": evil, "labels": {evil: evil}, "annotations": {}}
    notice = Notice(NOTICE.id, {"type": "alert.firing", "data": data})
    with serve_mail() as postbox:
        assert deliver(postbox, notice).outcome is Outcome.DELIVERED
    ((recipients, mail),) = postbox.mails
    assert recipients == ["ops@example.org"]
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("[FIRING] x\\r\\nBcc: victim")
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()


def test_a_long_summary_in_any_script_is_one_subject() -> None:
    data = DATA | {"annotations": {"summary": "入口: 怒り " * 60}}
    notice = Notice(NOTICE.id, {"type": "alert.resolved", "data": data})
    mail = compose(notice, AT, sender="a@example.org", to=("b@example.org",))
    assert mail["Subject"].startswith("[RESOLVED] 入口")
    assert len(mail["Subject"]) == 160
    mail.as_bytes().decode("ascii")


def test_a_group_is_one_mail_about_each_alert() -> None:
    one = {"type": "alert.firing", "data": DATA}
    two = {"type": "alert.resolved", "data": DATA | {"key": "desk", "annotations": {}}}
    group = {"group": {"rule": "crowd-anger"}, "firing": 1, "resolved": 1, "omitted": 7}
    notice = Notice(NOTICE.id, {"type": "alert.group", "data": group | {"alerts": [one, two]}})
    mail = compose(notice, AT, sender="a@example.org", to=("b@example.org",))
    assert mail["Subject"] == "[1 firing, 1 resolved] rule crowd-anger"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "alert: crowd-anger (desk)" in text.get_content()
    assert "and 7 more" in text.get_content()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sender": "Ops <ops@example.org>"}, "must be an address such as"),
        ({"to": ["a@example.org\nBcc: x@example.org"]}, "must be an address such as"),
        ({"to": []}, "at least 1 item"),
        ({"password": "only-one"}, "username and password go together"),
        ({"tls": "none", "username": "u", "password": "secret-word", "ca_file": None}, "the clear"),
        ({"tls": "none"}, "ca_file says nothing"),
        ({"host": "mail..example.org"}, "no name that can be looked up"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(25, **fields)


def test_ports_follow_from_the_encryption() -> None:
    ways = ("starttls", "implicit", "none")
    places = [settings(None, tls=tls, ca_file=None).server.port for tls in ways]
    assert places == [587, 465, 25]
