"""Who is told about alerts."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from surveil.config.interpolation import Interpolated
from surveil.config.section import Section
from surveil.config.urls import fault, split_credentials
from surveil.durations import Duration
from surveil.secrets import Secret, SecretUrl, register


def _check_webhook_url(value: object) -> object:
    if isinstance(value, SecretUrl):
        return value
    if not isinstance(value, str) or not value.isprintable():
        raise fault("must be a URL such as https://HOST/PATH")
    try:
        parts = urlsplit(split_credentials(value)[0])
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise fault("is not a URL: check host and port") from None
    if parts.scheme not in ("http", "https") or not host:
        raise fault("must be a URL such as https://HOST/PATH")
    if isinstance(value, Interpolated) and not value.is_whole:
        for piece in value.pieces:
            if piece != host:
                register(piece)
    elif isinstance(value, Interpolated):
        # The whole address came from a secret: whoever knows its path may post to it.
        register(parts.path.strip("/"))
        register(value)
    return SecretUrl(value)


def _check_signing_secret(secret: Secret) -> Secret:
    """Check a Standard Webhooks secret: ``whsec_`` and base64 of 24 to 64 octets, or plain text."""
    value = secret.reveal()
    if not value.startswith("whsec_"):
        if len(value) < 16:
            raise fault("is too short to sign with; make one: openssl rand -hex 32")
        return secret
    try:
        key = base64.b64decode(value.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise fault("starts with whsec_ but what follows is not base64") from None
    if not 24 <= len(key) <= 64:
        raise fault("must hold 24 to 64 octets after whsec_ (Standard Webhooks)")
    return secret


class LogReceiver(Section):
    """Alerts as lines of surveil's own log."""


class WebhookReceiver(Section):
    """Alerts as HTTP POSTs, signed as the Standard Webhooks specification says."""

    url: Annotated[SecretUrl, BeforeValidator(_check_webhook_url)]
    """Where to post: http:// or https://."""

    secret: Annotated[Secret, AfterValidator(_check_signing_secret)]
    """Signs every message: whsec_ and base64, or at least 16 characters of plain text."""

    timeout_s: Annotated[Duration, Field(gt=0, le=120)] = 10.0
    """How long one attempt may take."""


class Receiver(Section):
    """One way to tell somebody; exactly one of the kinds."""

    log: LogReceiver | None = None
    """Write alerts to surveil's log."""

    webhook: WebhookReceiver | None = None
    """Post alerts to a URL."""

    @model_validator(mode="before")
    @classmethod
    def _accept_bare_kind(cls, value: Any) -> Any:
        """Read ``log:`` without options like ``log: {}``."""
        if isinstance(value, dict) and len(value) == 1:
            ((kind, options),) = value.items()
            return {kind: {} if options is None else options}
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise fault("needs exactly one of log, webhook")
        return self

    @property
    def kind(self) -> str:
        """``log`` or ``webhook``."""
        return "log" if self.log is not None else "webhook"
