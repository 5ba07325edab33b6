"""Apprise, by its own JSON service to a local HTTP server."""

from __future__ import annotations

import importlib.util
import json
import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from surveil.notify import Attempt, Notice, Outcome
from surveil.notify.apprise_settings import APPRISE, AppriseSettings
from surveil.settings import AS_WRITTEN

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

AT = datetime(2025, 3, 1, 12, tzinfo=UTC)
DATA = {
    "rule": "joy",
    "key": "lobby",
    "value": 0.7,
    "labels": {},
    "annotations": {"summary": "lobby: 70% happy"},
}
NOTICE = Notice("msg_01JNP0000000000000000000AB", {"type": "alert.firing", "data": DATA})


def deliver(url: str, **fields: Any) -> Attempt:
    given = {"url": url, "timeout_s": 30, **fields}
    receiver = APPRISE.make(AppriseSettings.model_validate(given))
    try:
        return receiver.deliver(NOTICE, AT)
    finally:
        receiver.close()


def as_apprise(url: str, user: str = "") -> str:
    return url.replace("http://", f"json://{user}")


def test_a_message_arrives_with_its_id(hook: Any) -> None:
    hook.status = 200
    assert deliver(as_apprise(hook.url)) == Attempt(Outcome.DELIVERED)
    ((_, body),) = hook.requests
    sent = json.loads(body)
    assert sent["title"] == "[FIRING] lobby: 70% happy"
    assert sent["message"].rstrip().endswith("message msg_01JNP0000000000000000000AB")
    assert sent["type"] == "warning"


def test_a_refusal_is_told_with_its_reason_and_without_the_password(hook: Any) -> None:
    hook.status = 500
    attempt = deliver(as_apprise(hook.url, "ops:very-secret-word@"))
    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert "500" in attempt.detail
    assert "very-secret-word" not in attempt.detail


def test_silence_ends_with_the_deadline(hook: Any) -> None:
    hook.silent = True
    attempt = deliver(as_apprise(hook.url), timeout_s=1)
    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert attempt.detail == "timed out: no answer within 1 s"


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    attempt = deliver(f"json://127.0.0.1:{port}/")
    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert attempt.detail


def test_a_service_that_apprise_does_not_know_is_said() -> None:
    assert "Apprise knows no service for this URL" in deliver("pager://somebody/").detail


def test_what_is_no_url_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be a URL of Apprise"):
        AppriseSettings.model_validate({"url": "somebody"})


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValidationError, match=r"pip install 'surveil\[apprise\]'"):
        AppriseSettings.model_validate({"url": "json://h/"}, context={AS_WRITTEN: True})
