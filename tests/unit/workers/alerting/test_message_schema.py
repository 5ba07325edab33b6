"""The published schema of webhooks takes the bodies that are sent."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from kit.events import START_AT

from surveil.cli.alert_trial import _trial
from surveil.rules import AlertState, By, Key, Transition
from surveil.store.grouping import payload_of_group
from surveil.workers.alerting.alert_messages import payload_of
from surveil.workers.alerting.message_schema import webhook_schema

PUBLISHED = Path(__file__).parents[4] / "configs" / "webhook.schema.json"
VALIDATOR = Draft202012Validator(webhook_schema())


def transition(key: Key, **changes: Any) -> Transition:
    values: dict[str, Any] = {
        "rule": "crowd-joy",
        "key": key,
        "from_state": AlertState.PENDING,
        "to_state": AlertState.FIRING,
        "at": START_AT + timedelta(seconds=9),
        "since_at": START_AT,
        "value": 0.4,
        "threshold": 0.3,
        "labels": {"severity": "info"},
        "annotations": {"summary": "lobby: 40% happy"},
        "notify": ("ops",),
    }
    return Transition(**values | changes)


def test_published_schema_is_current() -> None:
    """Otherwise: surveil schema --kind webhook > configs/webhook.schema.json."""
    Draft202012Validator.check_schema(webhook_schema())
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == webhook_schema()


KEYS = [
    Key(By.SITE),
    Key(By.CAMERA, camera="lobby"),
    Key(By.TRACK, camera="lobby", run="A", track_id=3),
    Key(By.LABEL, label="floor=2"),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.by.value)
@pytest.mark.parametrize("state", [AlertState.FIRING, AlertState.RESOLVED])
def test_bodies_fit(key: Key, state: AlertState) -> None:
    for changes in ({}, {"value": None, "threshold": None, "cause": "rule-removed"}):
        VALIDATOR.validate(payload_of(transition(key, to_state=state, **changes)))


def test_a_group_and_a_reminder_fit() -> None:
    one = payload_of(transition(Key(By.CAMERA, camera="lobby")))
    VALIDATOR.validate(payload_of_group('{"rule": "crowd-joy"}', [one, one], START_AT))
    one["data"]["repeat"] = 2
    VALIDATOR.validate(one)
    group = payload_of_group("{}", [one], START_AT)
    del group["data"]["alerts"][0]["data"]["rule"]
    with pytest.raises(ValidationError):
        VALIDATOR.validate(group)


def test_a_test_message_fits() -> None:
    VALIDATOR.validate(dict(_trial("ops", "ann").payload))


def test_a_body_without_its_instants_is_refused() -> None:
    body = payload_of(transition(Key(By.CAMERA, camera="lobby")))
    del body["data"]["since_at"]
    with pytest.raises(ValidationError):
        VALIDATOR.validate(body)
