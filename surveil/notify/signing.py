"""Signatures of the Standard Webhooks specification, version 1, symmetric (HMAC-SHA256).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime

from surveil.secrets import Secret

PREFIX = "whsec_"


def signing_key(secret: Secret) -> bytes:
    """Return the key: what follows ``whsec_`` in base64, else the text itself."""
    value = secret.reveal()
    if value.startswith(PREFIX):
        return base64.b64decode(value.removeprefix(PREFIX), validate=True)
    return value.encode()


def sign(keys: Sequence[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of a message.

    Args:
        keys: Of :func:`signing_key`, the newest first: while a secret is changed, a message is
            signed with the new and the old one, and either verifies it.
        message_id: The same for every attempt of one message; without a full stop.
        at: Instant of the attempt; the specification counts whole seconds.
        body: Exactly the bytes that are sent.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digests = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{digest}" for digest in digests),
    }
