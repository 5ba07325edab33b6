"""The published schema of events takes what is written, and refuses what decoding refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from kit.events import CameraLife, make_vote

from surveil.domain import CameraState, Event
from surveil.events.codec import EventFormatError, decode, encode
from surveil.events.schema import events_schema

PUBLISHED = Path(__file__).parents[3] / "configs" / "events.schema.json"
VALIDATOR = Draft202012Validator(events_schema())


def entry_of(event: Event) -> dict[str, Any]:
    fields = encode(event)
    return {**fields, "data": json.loads(fields["data"])}


def events() -> list[Event]:
    life = CameraLife(run="01JDZZZZZZZZZZZZZZZZZZZZZZ")
    life.says(0.0, CameraState.CONNECTING)
    life.sees(0.0, 1.0, make_vote(1), make_vote(2))
    life.sees(1.0, 2.0)
    return list(life.events)


def test_published_schema_is_current() -> None:
    """Otherwise: surveil schema --kind events > configs/events.schema.json."""
    Draft202012Validator.check_schema(events_schema())
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == events_schema()


def test_every_event_fits() -> None:
    for event in events():
        VALIDATOR.validate(entry_of(event))
        VALIDATOR.validate(entry_of(event) | {"later": 1})


CHANGES: list[dict[str, Any]] = [
    {"seq": 0},
    {"run": "1"},
    {"camera": "Lobby!"},
    {"frames": {}},
    {"to_at": "yesterday"},
    {"tracks": [{}]},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_what_decoding_refuses_the_schema_refuses(change: dict[str, Any]) -> None:
    entry = entry_of(events()[1])
    entry["data"] |= change
    assert list(VALIDATOR.iter_errors(entry))
    with pytest.raises(EventFormatError):
        decode({**entry, "data": json.dumps(entry["data"])})
