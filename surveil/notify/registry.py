"""The kinds of receiver.

A new kind is a file beside this with its class, and a line in :data:`RECEIVERS`. What may be
written in the YAML is its settings' affair, in ``surveil/config/receivers.py`` under the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from surveil.notify.log import LogReceiver
from surveil.notify.receiver import Receiver
from surveil.notify.webhook import WebhookReceiver

RECEIVERS: Mapping[str, Callable[[Any], Receiver]] = {
    "log": LogReceiver.of,
    "webhook": WebhookReceiver.of,
}
"""Kind in the YAML to what makes a receiver of that kind from its settings."""


def make_receiver(kind: str, settings: object) -> Receiver:
    """Return a receiver.

    Args:
        kind: A key of :data:`RECEIVERS`.
        settings: What the kind's factory takes.
    """
    return RECEIVERS[kind](settings)
