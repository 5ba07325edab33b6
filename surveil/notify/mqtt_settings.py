"""How a broker of MQTT is written in a fleet file."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from surveil.durations import Duration
from surveil.hosts import split_host
from surveil.notify.fields import CaFile, Username
from surveil.notify.receiver import Receiver, ReceiverKind
from surveil.notify.schedule import TIMEOUT_S
from surveil.secrets import Secret, register_credentials
from surveil.settings import Section, fault

PORTS = {"mqtt": 1883, "mqtts": 8883}
_FORM = "must be mqtts://HOST:PORT or, without encryption, mqtt://HOST:PORT"


def _check_url(value: str) -> str:
    try:
        host, _ = split_host(value)
    except ValueError as error:
        raise fault("{reason}", reason=error) from None
    parts = urlsplit(value)
    if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query:
        raise fault(_FORM)
    if "@" in parts.netloc:
        raise fault("holds a user: write username and password beside it")
    return value


def _check_topic(value: str) -> str:
    if not value.isprintable() or set("+#$\0") & set(value) or value != value.strip("/ "):
        raise fault("must be a topic such as surveil or home/surveil, without + # and $")
    return value


Topic = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_topic)]


class MqttSettings(Section):
    """Alerts and states of cameras for a broker of MQTT 5, and for Home Assistant behind it."""

    url: Annotated[str, AfterValidator(_check_url)]
    """mqtts://HOST:8883, or mqtt://HOST:1883 without encryption."""

    ca_file: CaFile | None = None
    """Certificates to trust in place of the system's, as PEM."""

    username: Username = None
    """User at the broker."""

    password: Secret | None = None
    """Password at the broker; better ${env:NAME} or ${file:PATH}."""

    topic: Topic = "surveil"
    """Topic below which everything is published; two fleets on one broker need two."""

    discovery: Topic | None = "homeassistant"
    """Topic below which Home Assistant looks for devices; null: it is told nothing."""

    timeout_s: Annotated[Duration, Field(gt=0, le=120)] = TIMEOUT_S
    """How long one attempt may take."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.password is not None and self.username is None:
            raise fault("a password needs a username")
        if self.ca_file is not None and self.scheme == "mqtt":
            raise fault("ca_file says nothing with mqtt://; use mqtts://")
        if self.username is not None and self.password is not None:
            register_credentials(self.username.reveal(), self.password.reveal())
        return self

    @property
    def scheme(self) -> str:
        """``mqtt`` or ``mqtts``."""
        return urlsplit(self.url).scheme

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        host, port = split_host(self.url)
        return host, port or PORTS[self.scheme]


def _make(settings: MqttSettings) -> Receiver:
    # Here, and not above: the library of MQTT is for the alerter's process alone.
    from surveil.notify.mqtt import Broker, MqttReceiver

    host, port = settings.place
    is_tls = settings.scheme == "mqtts"
    broker = Broker(host, port, is_tls, settings.ca_file, settings.username, settings.password)
    return MqttReceiver(
        broker,
        topic=settings.topic,
        discovery=settings.discovery,
        timeout_s=settings.timeout_s,
    )


MQTT = ReceiverKind(
    name="mqtt",
    help="Publish alerts and states of cameras by MQTT, also for Home Assistant.",
    settings=MqttSettings,
    make=_make,
)
