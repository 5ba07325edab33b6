"""How a webhook is written in a fleet file."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from surveil.credentials import check_unambiguous, split_credentials
from surveil.durations import Duration
from surveil.hosts import split_host
from surveil.notify.fields import CaFile
from surveil.notify.receiver import Receiver, ReceiverKind
from surveil.notify.schedule import TIMEOUT_S
from surveil.notify.signing import PREFIX
from surveil.secrets import Secret, SecretUrl, register
from surveil.settings import Interpolated, Section, fault


def _check_url(value: object) -> object:
    if isinstance(value, SecretUrl):
        return value
    if not isinstance(value, str) or not value.isprintable():
        raise fault("must be a URL such as https://HOST/PATH")
    try:
        check_unambiguous(value, one_at=True)
        url = split_credentials(value)[0]
        host, _ = split_host(url)
    except ValueError as error:
        raise fault("{reason}", reason=error) from None
    parts = urlsplit(url)
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


def _check_secret(secret: Secret) -> Secret:
    """Check a Standard Webhooks secret: ``whsec_`` and base64 of 24 to 64 octets, or plain text."""
    value = secret.reveal()
    if not value.startswith(PREFIX):
        if len(value) < 16:
            raise fault("is too short to sign with; make one: openssl rand -hex 32")
        return secret
    try:
        key = base64.b64decode(value.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise fault("starts with whsec_ but what follows is not base64") from None
    if not 24 <= len(key) <= 64:
        raise fault("must hold 24 to 64 octets after whsec_ (Standard Webhooks)")
    return secret


class WebhookSettings(Section):
    """Alerts as HTTP POSTs, signed as the Standard Webhooks specification says."""

    url: Annotated[SecretUrl, BeforeValidator(_check_url)]
    """Where to post: http:// or https://."""

    secret: Annotated[Secret, AfterValidator(_check_secret)]
    """Signs every message: whsec_ and base64, or at least 16 characters of plain text."""

    old_secret: Annotated[Secret, AfterValidator(_check_secret)] | None = None
    """While the secret is changed: signs every message as well, so that either verifies it."""

    ca_file: CaFile | None = None
    """Certificates to trust in place of the public ones, as PEM; relative to this file."""

    timeout_s: Annotated[Duration, Field(gt=0, le=120)] = TIMEOUT_S
    """How long one attempt may take."""

    @model_validator(mode="after")
    def _check_ca_file(self) -> Self:
        if self.ca_file is not None and urlsplit(self.url.reveal()).scheme == "http":
            raise fault("ca_file says nothing with http://; use https://")
        return self


def _make(settings: WebhookSettings) -> Receiver:
    # Here, and not above: HTTP, TLS and their trust store are for the alerter's process alone.
    from surveil.notify.webhook import WebhookReceiver

    return WebhookReceiver(
        settings.url,
        settings.secret,
        old_secret=settings.old_secret,
        ca_file=settings.ca_file,
        timeout_s=settings.timeout_s,
    )


WEBHOOK = ReceiverKind(
    name="webhook", help="Post alerts to a URL.", settings=WebhookSettings, make=_make
)
