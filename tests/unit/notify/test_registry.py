"""The registry of receivers: what is in it is all that fleet files and the alerter know."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from surveil.config.receivers import Receiver
from surveil.notify.log import LogReceiver
from surveil.notify.registry import BY_NAME, KINDS, make_receiver
from surveil.notify.webhook import WebhookReceiver


def test_a_fleet_file_has_one_key_for_each_kind() -> None:
    kinds = list(Receiver.model_fields)[-len(KINDS) :]
    assert kinds == [kind.name for kind in KINDS] == list(BY_NAME)


def test_settings_become_a_receiver_of_their_kind() -> None:
    settings = {"url": "https://hooks.example/x", "secret": "0123456789abcdef"}
    for value, expected in (({"log": None}, LogReceiver), ({"webhook": settings}, WebhookReceiver)):
        config = Receiver.model_validate(value)
        receiver = make_receiver(config.kind, config.settings)
        assert isinstance(receiver, expected)
        receiver.close()


@pytest.mark.parametrize("value", [{}, {"log": {}, "webhook": {}}, {"pager": {}}])
def test_exactly_one_kind(value: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Receiver.model_validate(value)


def test_the_registry_loads_no_http() -> None:
    program = "import sys, surveil.config; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("kind", ["exec", "command"])
def test_programs_are_refused_and_the_reason_is_given(kind: str) -> None:
    with pytest.raises(ValidationError, match=f"{kind}: refused on purpose"):
        Receiver.model_validate({kind: {"path": "/bin/true"}})
