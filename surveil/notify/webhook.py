"""A receiver that posts alerts to a URL, signed as Standard Webhooks says."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Protocol

import httpx

from surveil.notify.receiver import Attempt, Notice, Outcome
from surveil.notify.signing import sign, signing_key
from surveil.redaction import redact
from surveil.secrets import Secret

GONE = 410
OVERLOADED = (429, 502, 503, 504)
"""Statuses that speak of the receiver and not of the message (Standard Webhooks, operations)."""
MAX_RETRY_AFTER_S = 3600.0


class WebhookSettings(Protocol):
    """What the configuration says of a webhook."""

    @property
    def url(self) -> Secret: ...
    @property
    def secret(self) -> Secret: ...
    @property
    def timeout_s(self) -> float: ...


class WebhookReceiver:
    """Posts JSON; any 2xx is a delivery. Follows no redirect, verifies TLS, reads no answer.

    Proxies and ``.netrc`` of the environment are not used: what is sent where is in the YAML.

    Args:
        url: ``http://`` or ``https://``; may hold credentials.
        secret: ``whsec_`` and base64, or plain text.
        timeout_s: For connecting, for sending and for the first line of the answer, each.
        verify: Path of a CA certificate to trust instead of the system's.
    """

    def __init__(
        self, url: Secret, secret: Secret, *, timeout_s: float = 10.0, verify: str | None = None
    ) -> None:
        self._url = url
        self._key = signing_key(secret)
        self._client = httpx.Client(
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            verify=verify or True,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=30.0),
            headers={"user-agent": "surveil", "content-type": "application/json"},
        )

    @classmethod
    def of(cls, settings: WebhookSettings) -> WebhookReceiver:
        """Return the receiver that the configuration describes."""
        return cls(settings.url, settings.secret, timeout_s=settings.timeout_s)

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        """Post once."""
        body = json.dumps(dict(notice.payload), separators=(",", ":")).encode()
        headers = sign(self._key, notice.id, at, body)
        try:
            # A stream: the status is all we want, and the answer's body could be endless.
            with self._client.stream(
                "POST", self._url.reveal(), content=body, headers=headers
            ) as response:
                return _judge(response)
        except httpx.TimeoutException as error:
            return Attempt(Outcome.RETRY, f"timed out ({_kind(error)})", is_reachable=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            detail = redact(f"{_kind(error)}: {error}"[:300])
            return Attempt(Outcome.RETRY, detail, is_reachable=False)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _judge(response: httpx.Response) -> Attempt:
    status = response.status_code
    if response.is_success:
        return Attempt(Outcome.DELIVERED)
    detail = f"HTTP status {status}"
    if response.is_redirect:
        detail += " (redirects are not followed)"
    if status == GONE:
        return Attempt(Outcome.GONE, detail)
    return Attempt(
        Outcome.RETRY,
        detail,
        retry_after_s=_retry_after_s(response.headers.get("retry-after", "")),
        is_reachable=status not in OVERLOADED,
    )


def _retry_after_s(value: str) -> float | None:
    """Return the seconds of a Retry-After header; its form with a date is not understood."""
    return min(float(value), MAX_RETRY_AFTER_S) if value.isdecimal() and len(value) < 9 else None


def _kind(error: Exception) -> str:
    return type(error).__name__
