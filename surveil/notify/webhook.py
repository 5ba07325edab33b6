"""A receiver that posts alerts to a URL, signed as Standard Webhooks says."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path

import httpx

from surveil.notify.receiver import Attempt, Notice, Outcome, detail_of
from surveil.notify.retry_after import retry_after_s
from surveil.notify.schedule import TIMEOUT_S
from surveil.notify.signing import sign, signing_key
from surveil.notify.trust import trusting
from surveil.secrets import Secret

GONE = 410
OVERLOADED = (429, 502, 503, 504)
"""Statuses that speak of the receiver and not of the message (Standard Webhooks, operations)."""


class WebhookReceiver:
    """Posts JSON; any 2xx is a delivery. Follows no redirect, verifies TLS, reads no answer.

    Proxies and ``.netrc`` of the environment are not used: what is sent where is in the YAML.

    The request runs on an event loop of the calling thread, since only there one deadline holds for
    all of it: time-outs of sockets begin anew with every byte of a slow answer.

    Args:
        url: ``http://`` or ``https://``; may hold credentials.
        secret: ``whsec_`` and base64, or plain text.
        old_secret: The one before it, which signs as well.
        timeout_s: For the whole attempt, from the name's look-up to the status.
        ca_file: Certificates to trust in place of the usual ones, as PEM. Read with the first
            attempt: a file that has gone fails attempts, and not whoever makes the receiver.
    """

    def __init__(
        self,
        url: Secret,
        secret: Secret,
        *,
        old_secret: Secret | None = None,
        timeout_s: float = TIMEOUT_S,
        ca_file: Path | None = None,
    ) -> None:
        self._url = url
        secrets = [secret] if old_secret is None else [secret, old_secret]
        self._keys = [signing_key(one) for one in secrets]
        self._timeout_s = timeout_s
        self._runner = asyncio.Runner()
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        """Post once."""
        try:
            return self._runner.run(self._post(notice, at))
        except TimeoutError:
            detail = f"timed out: no answer within {self._timeout_s:g} s"
            return Attempt(Outcome.RETRY, detail, is_reachable=False)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            detail = detail_of(error)
            return Attempt(Outcome.RETRY, detail, is_reachable=False)

    def close(self) -> None:
        """Close the connection; called by the thread that delivered."""
        if self._client is not None:
            self._runner.run(self._client.aclose())
        self._runner.close()

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=None,  # noqa: S113  the attempt as a whole has a deadline
                follow_redirects=False,
                trust_env=False,
                verify=True if self._ca_file is None else trusting(self._ca_file),
                limits=httpx.Limits(max_connections=1, keepalive_expiry=30.0),
                headers={"user-agent": "surveil", "content-type": "application/json"},
            )
        return self._client

    async def _post(self, notice: Notice, at: datetime) -> Attempt:
        body = json.dumps(dict(notice.payload), separators=(",", ":")).encode()
        headers = sign(self._keys, notice.id, at, body)
        async with asyncio.timeout(self._timeout_s):
            # A stream: the status is all we want, and the answer's body could be endless.
            async with self._connected().stream(
                "POST", self._url.reveal(), content=body, headers=headers
            ) as response:
                return _judge(response, at)


def _judge(response: httpx.Response, at: datetime) -> Attempt:
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
        retry_after_s=retry_after_s(response.headers, at),
        is_reachable=status not in OVERLOADED,
    )
