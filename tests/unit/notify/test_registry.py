from __future__ import annotations

from surveil.config import LogReceiver as LogSettings
from surveil.config import Receiver as Settings
from surveil.config import WebhookReceiver as WebhookSettings
from surveil.notify import RECEIVERS, LogReceiver, WebhookReceiver, make_receiver
from surveil.secrets import Secret, SecretUrl


def test_every_kind_of_the_configuration_has_its_factory() -> None:
    assert set(Settings.model_fields) == set(RECEIVERS)


def test_makes_receivers_from_their_settings() -> None:
    settings = WebhookSettings(
        url=SecretUrl("http://127.0.0.1:9/hook"), secret=Secret("sixteen letters!"), timeout_s=2.0
    )
    webhook = make_receiver("webhook", settings)
    webhook.close()

    assert isinstance(webhook, WebhookReceiver)
    assert isinstance(make_receiver("log", LogSettings()), LogReceiver)
