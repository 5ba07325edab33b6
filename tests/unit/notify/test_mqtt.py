"""MQTT, against a real broker: taken, refused, lost, hanging; and what Home Assistant is told."""

from __future__ import annotations

import gc
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kit.broker import TLS, Mosquitto, listening
from kit.tools import tool
from kit.waiting import until
from pydantic import ValidationError

from surveil.notify import Notice, Outcome
from surveil.notify.board import SITE, CameraReading, Snapshot
from surveil.notify.mqtt_settings import MQTT, MqttSettings
from surveil.notify.receiver import Receiver, StateReceiver

AT = datetime(2025, 3, 1, 12, tzinfo=UTC)
LOBBY = "surveil/cameras/lobby"
CONFIG = "homeassistant/device/surveil-lobby/config"
LIVE = CameraReading("live", 2, "happy", AT)


def notice(kind: str, rule: str = "crowd anger", key: str = "lobby", n: int = 1) -> Notice:
    data = {"rule": rule, "key": key, "camera": "lobby", "state": kind, "labels": {}}
    payload = {"type": f"alert.{kind}", "timestamp": "2025-03-01T12:00:00Z", "data": data}
    return Notice(f"msg_{n}", payload)


def snapshot(
    *lit: tuple[str, str], rules: tuple[str, ...] = ("crowd anger",), **cameras: CameraReading
) -> Snapshot:
    by_subject = {"lobby": rules, SITE: ("all quiet",)}
    return Snapshot(cameras or {"lobby": LIVE}, by_subject, frozenset(lit))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.end()


def make(broker: Mosquitto, **fields: Any) -> Receiver:
    given = {"url": f"mqtt://127.0.0.1:{broker.port}", "timeout_s": 30, **fields}
    return MQTT.make(MqttSettings.model_validate(given))


def show(receiver: Receiver, what: Snapshot) -> None:
    """Show until everything was shown: what is retained of earlier times comes first."""
    assert isinstance(receiver, StateReceiver)

    def is_shown() -> bool:
        done = receiver.show(what, AT).outcome is Outcome.DELIVERED
        return done and receiver._has_listened  # type: ignore[attr-defined]

    until(is_shown, "shown")
    receiver.show(what, AT)


def test_an_alert_is_told_with_its_id_and_its_state_is_kept(broker: Mosquitto) -> None:
    receiver = make(broker)
    with listening(broker.port) as listener:
        for n, kind in enumerate(("firing", "resolved"), 1):
            assert receiver.deliver(notice(kind, n=n), AT).outcome is Outcome.DELIVERED
        until(lambda: len(listener.ids(f"{LOBBY}/notice")) == 2, "both messages")
        assert listener.ids(f"{LOBBY}/notice") == ["msg_1", "msg_2"]
        (topic,) = [t for t in listener.last if "/alerts/" in t and t.count("/") == 4]
        states = [payload for where, payload, _ in listener.came if where == topic]
        assert states == ["ON", "OFF"]
        assert listener.json(f"{topic}/attributes")["id"] == "msg_2"
    with listening(broker.port) as later:
        until(lambda: later.of(topic) == "OFF", "the state is retained")
        assert later.of(f"{LOBBY}/notice") is None
    receiver.close()


def test_home_assistant_finds_cameras_with_their_entities(broker: Mosquitto) -> None:
    receiver = make(broker)
    with listening(broker.port) as listener:
        show(receiver, snapshot())
        config = listener.json(CONFIG)
        assert config["dev"]["name"] == "lobby"
        assert config["availability"] == [{"topic": "surveil/status"}]
        kinds = {name.split("_")[0]: part["p"] for name, part in config["cmps"].items()}
        assert kinds == {
            "state": "sensor",
            "faces": "sensor",
            "expression": "sensor",
            "alert": "binary_sensor",
        }
        for part in config["cmps"].values():
            assert listener.of(part["state_topic"]) is not None
        reading = listener.json(f"{LOBBY}/state")
        assert (reading["state"], reading["faces"], reading["expression"]) == ("live", 2, "happy")
        site = listener.json("homeassistant/device/surveil-site/config")
        assert [part["name"] for part in site["cmps"].values()] == ["all quiet"]
        assert listener.of("surveil/status") == "online"
    receiver.close()
    with listening(broker.port) as later:
        until(lambda: later.of("surveil/status") == "offline", "it says that it goes")


def test_what_is_gone_is_taken_away_also_after_a_restart(broker: Mosquitto) -> None:
    first = make(broker)
    show(first, snapshot(lobby=LIVE, desk=LIVE))
    first.close()
    second = make(broker)
    with listening(broker.port) as listener:
        assert len(listener.json(CONFIG)["cmps"]) == 4
        show(second, snapshot(rules=("other",)))
        desk = "homeassistant/device/surveil-desk/config"
        until(lambda: listener.of(desk) == "", "the camera is gone")
        told = [json.loads(payload) for topic, payload, _ in listener.came if topic == CONFIG]
        parts = [part for config in told for part in config["cmps"].values()]
        assert {"p": "binary_sensor"} in parts
        show(second, snapshot(rules=("other",)))
        until(lambda: len(listener.json(CONFIG)["cmps"]) == 4, "and then left out")
        assert all(set(part) > {"p"} for part in listener.json(CONFIG)["cmps"].values())
    second.close()


def test_an_alert_is_off_only_when_no_key_of_its_rule_fires(broker: Mosquitto) -> None:
    receiver = make(broker)
    with listening(broker.port) as listener:
        for key in ("a", "b"):
            receiver.deliver(notice("firing", "smile", key), AT)
        receiver.deliver(notice("resolved", "smile", "a"), AT)
        topic = f"{LOBBY}/alerts/smile"
        until(lambda: len(listener.ids(f"{LOBBY}/notice")) == 3, "three messages")
        assert listener.of(topic) == "ON"
        receiver.deliver(notice("resolved", "smile", "b"), AT)
        until(lambda: listener.of(topic) == "OFF", "nobody fires any more")
    receiver.close()


def test_a_broker_that_comes_back_is_told_everything_again(broker: Mosquitto) -> None:
    receiver = make(broker, timeout_s=1)
    show(receiver, snapshot())
    broker.end()
    lost = receiver.deliver(notice("firing"), AT)
    assert (lost.outcome, lost.is_reachable) == (Outcome.RETRY, False)
    broker.begin()

    def delivered() -> bool:
        return receiver.deliver(notice("firing"), AT).outcome is Outcome.DELIVERED

    until(delivered, "the broker is back")
    show(receiver, snapshot(("lobby", "crowd anger")))
    with listening(broker.port) as listener:
        assert listener.json(CONFIG)["dev"]["name"] == "lobby"
        assert listener.json(f"{LOBBY}/state")["faces"] == 2
    receiver.close()


def test_silence_ends_with_the_deadline(broker: Mosquitto) -> None:
    receiver = make(broker, timeout_s=1)
    until(lambda: receiver.deliver(notice("firing"), AT).outcome is Outcome.DELIVERED, "a broker")
    broker.hang(True)
    hung = receiver.deliver(notice("resolved"), AT)
    assert (hung.outcome, hung.is_reachable) == (Outcome.RETRY, False)
    assert hung.detail.startswith("timed out")
    broker.hang(False)
    until(lambda: receiver.deliver(notice("resolved"), AT).outcome is Outcome.DELIVERED, "again")
    receiver.close()


def test_nobody_there_is_said(broker: Mosquitto) -> None:
    broker.end()
    receiver = make(broker, timeout_s=1)
    attempt = receiver.deliver(notice("firing"), AT)
    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert "no connection to the broker" in attempt.detail
    receiver.close()


def test_users_over_tls(tmp_path: Path) -> None:
    users = tmp_path / "users"
    subprocess.run([tool("mosquitto_passwd"), "-b", "-c", users, "surveil", "right"], check=True)
    lines = [f"certfile {TLS}/cert.pem", f"keyfile {TLS}/key.pem", f"password_file {users}"]
    broker = Mosquitto(tmp_path, *lines)
    url = f"mqtts://localhost:{broker.port}"
    fields: dict[str, Any] = {"url": url, "ca_file": str(TLS / "cert.pem"), "username": "surveil"}
    right, wrong = make(broker, **fields, password="right"), make(broker, **fields, password="no!")
    until(lambda: right.deliver(notice("firing"), AT).outcome is Outcome.DELIVERED, "a broker")
    attempt = wrong.deliver(notice("firing"), AT)
    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    assert "uthori" in attempt.detail
    for receiver in (right, wrong):
        receiver.close()
    broker.end()


@pytest.mark.filterwarnings("ignore:.*SSLSocket:pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_that_nobody_trusts_is_refused(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, f"certfile {TLS}/cert.pem", f"keyfile {TLS}/key.pem")
    receiver = make(broker, url=f"mqtts://localhost:{broker.port}", timeout_s=3)
    attempt = receiver.deliver(notice("firing"), AT)
    assert (attempt.outcome, attempt.is_reachable) == (Outcome.RETRY, False)
    receiver.close()
    broker.end()
    del receiver
    gc.collect()  # the library leaves its socket to it


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": "http://broker:1883"}, "must be mqtts://HOST:PORT"),
        ({"url": "mqtt://user:word@broker"}, "write username and password beside it"),
        ({"url": "mqtt://broker", "topic": "a/#"}, "must be a topic"),
        ({"url": "mqtt://broker", "password": "alone-here"}, "needs a username"),
        ({"url": "mqtt://broker", "ca_file": "x.pem"}, "says nothing with mqtt://"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MqttSettings.model_validate(fields)


def test_a_group_sets_the_state_of_each_of_its_alerts(broker: Mosquitto) -> None:
    receiver = make(broker, discovery=None)
    members = [dict(notice("firing", rule).payload) for rule in ("one", "two")]
    data = {"group": {}, "firing": 2, "resolved": 0, "alerts": members}
    with listening(broker.port) as listener:
        receiver.deliver(Notice("msg_9", {"type": "alert.group", "data": data}), AT)
        until(lambda: listener.ids(f"{LOBBY}/notice") == ["msg_9"], "once as a whole")
        states = [listener.of(f"{LOBBY}/alerts/{rule}") for rule in ("one", "two")]
        assert states == ["ON", "ON"]
        assert json.loads(listener.of(f"{LOBBY}/notice") or "")["data"]["firing"] == 2
    receiver.close()
