from __future__ import annotations

import base64
import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kit.mail import CERTIFICATE
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook

from surveil.notify import Attempt, Notice, Outcome
from surveil.notify.webhook import WebhookReceiver
from surveil.notify.webhook_settings import WebhookSettings
from surveil.secrets import Secret

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
PAYLOAD = {"type": "alert.firing", "timestamp": "2025-03-01T12:00:00Z", "data": {"rule": "joy"}}
NOTICE = Notice("msg_01JNP0000000000000000000AB", PAYLOAD)


def deliver(url: str, **options: Any) -> Attempt:
    receiver = WebhookReceiver(Secret(url, searched=False), Secret(SECRET), **options)
    try:
        return receiver.deliver(NOTICE, datetime.now(UTC))
    finally:
        receiver.close()


def test_is_verified_by_the_reference_library(hook: Any) -> None:
    assert deliver(hook.url).outcome is Outcome.DELIVERED

    ((headers, body),) = hook.requests
    assert Webhook(SECRET).verify(body, headers) == PAYLOAD
    assert headers["webhook-id"] == NOTICE.id
    assert headers["content-type"] == "application/json"


def test_while_a_secret_is_changed_either_verifies(hook: Any) -> None:
    old = "whsec_" + base64.b64encode(b"another secret of thirty-two oct").decode()
    assert deliver(hook.url, old_secret=Secret(old)).outcome is Outcome.DELIVERED

    ((headers, body),) = hook.requests
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (SECRET, old):
        assert Webhook(secret).verify(body, headers) == PAYLOAD


def test_a_server_is_verified_by_an_authority_of_ones_own(tls_hook: Any, tmp_path: Path) -> None:
    unknown = deliver(tls_hook.url)
    gone = deliver(tls_hook.url, ca_file=tmp_path / "gone.pem")
    known = deliver(tls_hook.url, ca_file=CERTIFICATE)

    assert known == Attempt(Outcome.DELIVERED)
    assert (unknown.outcome, unknown.is_reachable) == (Outcome.RETRY, False)
    assert "CERTIFICATE_VERIFY_FAILED" in unknown.detail
    assert (gone.outcome, gone.is_reachable) == (Outcome.RETRY, False)
    assert len(tls_hook.requests) == 1


def test_certificates_say_nothing_without_tls() -> None:
    with pytest.raises(ValidationError, match="ca_file says nothing with http://"):
        WebhookSettings.model_validate(
            {"url": "http://h/x", "secret": SECRET, "ca_file": str(CERTIFICATE)}
        )


def test_plain_secret_is_the_key_itself(hook: Any) -> None:
    plain = "a plain secret of some length"
    receiver = WebhookReceiver(Secret(hook.url, searched=False), Secret(plain))
    receiver.deliver(NOTICE, datetime.now(UTC))
    receiver.close()

    ((headers, body),) = hook.requests
    encoded = base64.b64encode(plain.encode()).decode()
    assert json.loads(body) == Webhook(encoded).verify(body, headers)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {}, Attempt(Outcome.DELIVERED)),
        (302, {"location": "http://127.0.0.1:9/"}, None),
        (400, {}, Attempt(Outcome.RETRY, "HTTP status 400")),
        (410, {}, Attempt(Outcome.GONE, "HTTP status 410")),
        (
            429,
            {"retry-after": "120"},
            Attempt(Outcome.RETRY, "HTTP status 429", 120.0, is_reachable=False),
        ),
        (
            503,
            {"retry-after": "99999999"},
            Attempt(Outcome.RETRY, "HTTP status 503", 3600.0, is_reachable=False),
        ),
        (500, {"retry-after": "soon"}, Attempt(Outcome.RETRY, "HTTP status 500")),
    ],
)
def test_judges_by_the_status(
    hook: Any, status: int, headers: dict[str, str], expected: Attempt | None
) -> None:
    hook.status, hook.headers = status, headers
    attempt = deliver(hook.url)

    if expected is None:
        expected = Attempt(Outcome.RETRY, "HTTP status 302 (redirects are not followed)")
    assert attempt == expected
    assert len(hook.requests) == 1


def test_does_not_wait_for_the_end_of_an_endless_answer(hook: Any) -> None:
    hook.status, hook.endless = 200, True

    assert deliver(hook.url).outcome is Outcome.DELIVERED


def test_silence_ends_with_the_time_out(hook: Any) -> None:
    hook.silent = True
    attempt = deliver(hook.url, timeout_s=0.2)

    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert "timed out" in attempt.detail


def test_answer_that_drips_ends_with_the_deadline(hook: Any) -> None:
    hook.dripping = b"H"
    attempt = deliver(hook.url, timeout_s=0.5)

    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert attempt.detail == "timed out: no answer within 0.5 s"


def test_endless_preliminary_answers_end_with_the_deadline(hook: Any) -> None:
    hook.preliminary = b"HTTP/1.1 100 Continue\r\n\r\n"
    attempt = deliver(hook.url, timeout_s=0.5)

    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert attempt.detail == "timed out: no answer within 0.5 s"


def test_delivers_again_after_an_attempt_that_timed_out(hook: Any) -> None:
    receiver = WebhookReceiver(Secret(hook.url, searched=False), Secret(SECRET), timeout_s=0.5)
    hook.silent = True
    first = receiver.deliver(NOTICE, datetime.now(UTC))
    hook.silent = False
    second = receiver.deliver(NOTICE, datetime.now(UTC))
    receiver.close()

    assert [first.outcome, second.outcome] == [Outcome.RETRY, Outcome.DELIVERED]


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        attempt = deliver(f"http://127.0.0.1:{bound.getsockname()[1]}/")

    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert "ConnectError" in attempt.detail


def test_plain_http_where_tls_is_expected_is_refused(hook: Any) -> None:
    assert deliver(hook.url.replace("http://", "https://")).outcome is Outcome.RETRY
    assert hook.requests == []


def test_environment_proxies_are_not_used(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert deliver(hook.url).outcome is Outcome.DELIVERED


def test_credentials_never_show_in_a_reason(hook: Any) -> None:
    hook.status = 401
    password = "canary-7d1f93"
    Secret(password)
    for url in (
        hook.url.replace("127.0.0.1", f"ops:{password}@127.0.0.1"),
        f"http://ops:{password}@nowhere.invalid/",
        f"http://ops:{password}@127.0.0.1:notaport/",
        f"http://127.0.0.1:9/{password}\x00",
    ):
        attempt = deliver(url)
        assert attempt.outcome is Outcome.RETRY
        assert password not in attempt.detail
