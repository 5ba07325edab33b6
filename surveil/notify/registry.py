"""The kinds of receivers, registered here and nowhere else.

To add one, write a file beside ``log.py`` with its settings (a
:class:`~surveil.settings.Section`), a class that fulfils
:class:`~surveil.notify.receiver.Receiver`, and a :class:`~surveil.notify.receiver.ReceiverKind` of
both; and name that in ``KINDS``. Fleet files, their schema and the alerter take it from there.
"""

from __future__ import annotations

from surveil.notify.apprise_settings import APPRISE
from surveil.notify.email_settings import EMAIL
from surveil.notify.log import LOG
from surveil.notify.mqtt_settings import MQTT
from surveil.notify.receiver import Receiver, ReceiverKind
from surveil.notify.webhook_settings import WEBHOOK
from surveil.settings import Section

KINDS: tuple[ReceiverKind, ...] = (LOG, WEBHOOK, EMAIL, MQTT, APPRISE)
"""All of them, in the order in which people are told of them."""

BY_NAME = {kind.name: kind for kind in KINDS}


def make_receiver(kind: str, settings: Section) -> Receiver:
    """Return a receiver of a kind, by its name in ``BY_NAME``, and an instance of its settings."""
    return BY_NAME[kind].make(settings)
