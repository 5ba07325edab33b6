"""Each role's first message holds the secrets of that role, in no form any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from surveil.config import Fleet, load_fleet
from surveil.workers.host.assignments import LogOptions, assign

FLEET = """
version: 1
redis: redis://events:canary-redis-1@r/0
database: postgresql+psycopg://app:canary-sql-1@h/x
defaults: {username: "${env:USERNAME}", password: canary-default-1}
cameras:
  lobby: {source: "rtsp://admin:canary-lobby-1@cam/s?token=canary-lobby-2"}
  door: {source: "rtsp://cam2/s"}
rules:
  - {name: blind, by: camera, when: [{health: camera, silent_for: 15s}], notify: [ops]}
receivers:
  ops: {webhook: {url: "https://h/${env:HOOK}", secret: canary-hook-2-long-enough}}
"""

CANARIES = {
    "canary-redis-1",
    "canary-sql-1",
    "canary-default-1",
    "canary-lobby-1",
    "canary-lobby-2",
    "canary-user-1",
    "canary-hook-1",
    "canary-hook-2",
}

Message = Callable[..., dict[str, Any]]


@pytest.fixture
def message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Message:
    monkeypatch.setenv("USERNAME", "canary-user-1")
    monkeypatch.setenv("HOOK", "canary-hook-1")
    path = tmp_path / "fleet.yaml"
    path.write_text(FLEET, encoding="utf-8")
    fleet = load_fleet(path)
    return lambda role, *cameras: assign(role, fleet, cameras, LogOptions())


@pytest.mark.parametrize(
    ("role", "cameras", "known"),
    [
        ("capture", ["lobby"], {"canary-lobby-1", "canary-lobby-2"}),
        ("capture", ["door"], {"canary-default-1", "canary-user-1"}),
        ("inference", ["lobby", "door"], {"canary-redis-1"}),
        ("recorder", ["lobby", "door"], {"canary-redis-1", "canary-sql-1"}),
        (
            "alerter",
            ["lobby", "door"],
            {"canary-redis-1", "canary-sql-1", "canary-hook-1", "canary-hook-2"},
        ),
    ],
)
def test_a_message_holds_the_secrets_of_its_role_alone(
    message: Message, role: str, cameras: list[str], known: set[str]
) -> None:
    text = json.dumps(message(role, *cameras))
    assert {canary for canary in CANARIES if canary in text} == known


@pytest.mark.parametrize("role", ["inference", "recorder", "alerter"])
def test_what_is_withheld_still_is_a_fleet_and_shows_where_cameras_are(
    message: Message, role: str
) -> None:
    fleet = Fleet.from_wire(message(role, "lobby", "door")["fleet"])
    assert str(fleet.cameras["lobby"].source) == "rtsp://cam/s?token=***"
    assert fleet.cameras["door"].password is None
    assert bool(fleet.rules) == (role == "alerter")


def test_a_capture_keeps_what_it_needs_to_hide_in_its_log(message: Message) -> None:
    wire = json.loads(message("capture", "lobby")["fleet"])
    assert "canary-lobby-2" in wire["redact"]
    assert "admin:canary-lobby-1" in wire["redact"]
    assert list(wire["fleet"]["cameras"]) == ["lobby"]
