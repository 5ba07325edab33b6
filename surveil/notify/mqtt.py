"""A receiver that publishes alerts and states of cameras by MQTT 5, for Home Assistant too."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from surveil.notify.board import SITE, Snapshot
from surveil.notify.homeassistant import NOBODY, Topics, device_of, without
from surveil.notify.receiver import Attempt, Notice, Outcome, detail_of
from surveil.notify.trust import trusting
from surveil.notify.wording import alerts_of
from surveil.redaction import redact
from surveil.secrets import Secret

KEEPALIVE_S = 20
LISTEN_S = 10.0
"""How long after a connection, at most, what is retained of earlier times is waited for."""
REFRESH_S = 30.0
"""A reading that is the same is told again after this, as long as the camera is analysed."""
RECONCILE_S = 10.0
"""An alert that nobody says has ended, but that does not fire any more, is off after this."""
MOST_A_ROUND = 200
MOST_QUEUED = 1000


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker of MQTT 5, and who asks."""

    host: str
    port: int
    is_tls: bool = False
    ca_file: Path | None = None
    username: Secret | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class _Message:
    topic: str
    payload: str
    is_retained: bool = True
    id: str = ""


class MqttReceiver:
    """Publishes with QoS 1 and waits for the broker's word for each message.

    Retained, each below ``topic``: ``status`` (``online``, or ``offline`` by the connection's
    will), the reading of each camera and ``ON`` or ``OFF`` for each alert with its attributes. Not
    retained: each message as it is sent to others, with its id as a user property.

    One connection is kept, by a thread of the library's own, so that the will means something.
    """

    def __init__(
        self, broker: Broker, *, topic: str, discovery: str | None, timeout_s: float
    ) -> None:
        self._broker = broker
        self._topics = Topics(topic, discovery or "homeassistant")
        self._discovers = discovery is not None
        self._echo = f"{topic}/echo"
        self._timeout_s = timeout_s
        self._version = version("surveil")
        self._client: Client | None = None
        self._fault = "not connected yet"
        self._connected_mono_s = 0.0
        self._has_listened = self._was_connected = False
        self._connections = self._shown_connections = 0
        self._found: dict[str, dict[str, Any]] = {}
        self._shown: dict[str, tuple[str, float]] = {}
        self._firing: dict[tuple[str, str], set[str]] = {}
        self._unlit_since_s: dict[tuple[str, str], float] = {}
        self._lit: frozenset[tuple[str, str]] = frozenset()

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        """Publish the message, and what its alerts have come to."""
        deadline_s = time.monotonic() + self._timeout_s
        return self._publish(list(self._messages_of(notice)), deadline_s)

    def show(self, snapshot: Snapshot, at: datetime) -> Attempt:
        """Publish what has changed of cameras and alerts, at most ``MOST_A_ROUND`` messages."""
        deadline_s = time.monotonic() + self._timeout_s
        self._lit = snapshot.lit
        if fault := self._connect(deadline_s):
            return Attempt(Outcome.RETRY, fault, is_reachable=False)
        if not self._has_listened and time.monotonic() < self._connected_mono_s + LISTEN_S:
            return Attempt(Outcome.DELIVERED)
        if self._shown_connections != self._connections:
            self._shown_connections = self._connections
            self._shown.clear()  # another broker, perhaps, or one that has forgotten
        wanted = [*self._new(self._topics.status, "online")]
        wanted += self._discovery(snapshot) if self._discovers else []
        wanted += [*self._readings(snapshot), *self._alerts(snapshot)]
        return self._publish(wanted[:MOST_A_ROUND], deadline_s)

    def close(self) -> None:
        """Say that nobody publishes any more, and hang up."""
        if self._client is None:
            return
        if self._client.is_connected():
            deadline_s = time.monotonic() + 1.0
            self._publish([_Message(self._topics.status, "offline")], deadline_s)
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self, deadline_s: float) -> str:
        """Wait until there is a connection; return why there is none, or nothing."""
        if self._client is None:
            try:
                self._client = self._begin()
            except (OSError, ValueError) as error:
                return detail_of(error)
        while not self._client.is_connected():
            if time.monotonic() >= deadline_s:
                return f"no connection to the broker: {self._fault}"
            time.sleep(0.02)
        return ""

    def _begin(self) -> Client:
        broker = self._broker
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.max_queued_messages_set(MOST_QUEUED)
        client.reconnect_delay_set(1, 30)
        client.will_set(self._topics.status, "offline", qos=1, retain=True)
        if broker.is_tls:
            client.tls_set_context(trusting(broker.ca_file))
        if broker.username is not None:
            password = None if broker.password is None else broker.password.reveal()
            client.username_pw_set(broker.username.reveal(), password)
        client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE_S)
        client.loop_start()
        return client

    def _publish(self, messages: list[_Message], deadline_s: float) -> Attempt:
        if fault := self._connect(deadline_s):
            return Attempt(Outcome.RETRY, fault, is_reachable=False)
        assert self._client is not None
        sent: list[tuple[_Message, MQTTMessageInfo]] = []
        for one in messages:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if one.id:
                properties.UserProperty = [("id", one.id)]
            info = self._client.publish(one.topic, one.payload, 1, one.is_retained, properties)
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                detail = f"the broker takes nothing: {MQTTErrorCode(info.rc).name}"
                return Attempt(Outcome.RETRY, detail, is_reachable=False)
            sent.append((one, info))
        for one, info in sent:
            try:
                info.wait_for_publish(max(0.01, deadline_s - time.monotonic()))
            except (ValueError, RuntimeError) as error:
                return Attempt(Outcome.RETRY, redact(str(error)), is_reachable=False)
            if not info.is_published():
                detail = f"timed out: not taken within {self._timeout_s:g} s"
                return Attempt(Outcome.RETRY, detail, is_reachable=False)
            if one.is_retained:
                self._shown[one.topic] = (one.payload, time.monotonic())
        return Attempt(Outcome.DELIVERED)

    def _messages_of(self, notice: Notice) -> Iterator[_Message]:
        topics, subjects = self._topics, set[str]()
        for one in alerts_of(notice.payload):
            data = one.get("data", {})
            subject, rule = str(data.get("camera") or SITE), str(data.get("rule", ""))
            subjects.add(subject)
            if one.get("type") in ("alert.firing", "alert.resolved"):
                topic = topics.alert(subject, rule)
                attributes = json.dumps({**data, "id": notice.id})
                yield _Message(f"{topic}/attributes", attributes)
                is_firing = one["type"] == "alert.firing"
                if self._count(subject, rule, str(data.get("key", "")), is_firing=is_firing):
                    yield _Message(topic, "ON" if is_firing else "OFF")
        subject = subjects.pop() if len(subjects) == 1 else SITE
        body = json.dumps(dict(notice.payload))
        yield _Message(topics.notice(subject), body, is_retained=False, id=notice.id)

    def _count(self, subject: str, rule: str, key: str, *, is_firing: bool) -> bool:
        """Keep which keys fire; return whether the alert as a whole is to be said to be so."""
        keys = self._firing.setdefault((subject, rule), set())
        if is_firing:
            keys.add(key)
            return True
        keys.discard(key)
        # Others of the rule may fire about the same camera, told by an alerter before this one.
        return not keys and (subject, rule) not in self._lit

    def _discovery(self, snapshot: Snapshot) -> Iterator[_Message]:
        """Yield the devices that are new or have changed, and those that are gone, as empty."""
        subjects = list(snapshot.cameras)
        subjects += [SITE] if snapshot.rules.get(SITE) else []
        wanted: dict[str, dict[str, Any]] = {}
        for subject in subjects:
            rules = snapshot.rules.get(subject, ())
            config = device_of(self._topics, subject, rules, self._version)
            topic = self._topics.config(subject)
            earlier = dict(self._found.get(topic, {}))
            wanted[topic] = without(config, earlier)
            yield from self._cleared(earlier, config)
        for topic, config in wanted.items():
            yield from self._new(topic, json.dumps(config))
        for topic, config in list(self._found.items()):
            if topic not in wanted and config:
                yield from self._cleared(config, {"cmps": {}})
                yield from self._new(topic, "")

    def _cleared(self, earlier: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[_Message]:
        """Yield empty messages in place of what is retained of parts that are gone."""
        for name, part in earlier.get("cmps", {}).items():
            if name not in config["cmps"]:
                for key in ("state_topic", "json_attributes_topic"):
                    topic = str(part.get(key, ""))
                    if topic.startswith(f"{self._topics.prefix}/"):
                        yield from self._new(topic, "")

    def _readings(self, snapshot: Snapshot) -> Iterator[_Message]:
        for camera, reading in snapshot.cameras.items():
            topic, now_s = self._topics.state(camera), time.monotonic()
            body = {
                "state": reading.state or "unknown",
                "faces": reading.faces,
                "expression": None if reading.faces is None else reading.expression or NOBODY,
            }
            at = reading.at.isoformat(timespec="seconds") if reading.at else None
            payload = json.dumps({**body, "at": at})
            shown, shown_s = self._shown.get(topic, ("", 0.0))
            is_new = not shown or {**json.loads(shown), "at": None} != {**body, "at": None}
            if is_new or (payload != shown and now_s - shown_s >= REFRESH_S):
                yield _Message(topic, payload)

    def _alerts(self, snapshot: Snapshot) -> Iterator[_Message]:
        """Yield OFF for alerts of which nothing is known, or that ended without a word."""
        for subject, rules in snapshot.rules.items():
            for rule in rules:
                topic, pair = self._topics.alert(subject, rule), (subject, rule)
                keys, now_s = self._firing.get(pair), time.monotonic()
                if pair in snapshot.lit:
                    self._unlit_since_s.pop(pair, None)
                    if keys:
                        yield from self._new(topic, "ON")
                    continue
                unlit_s = now_s - self._unlit_since_s.setdefault(pair, now_s)
                if not keys or unlit_s >= RECONCILE_S:
                    self._firing.pop(pair, None)
                    yield from self._new(topic, "OFF")

    def _new(self, topic: str, payload: str) -> Iterator[_Message]:
        if self._shown.get(topic, (None, 0.0))[0] != payload:
            yield _Message(topic, payload)

    def _on_connect(
        self, client: Client, _data: object, _flags: object, code: ReasonCode, _more: object
    ) -> None:
        """Called by the library's thread."""
        if code.is_failure:
            self._fault = redact(str(code))
            return
        self._has_listened, self._was_connected = not self._discovers, True
        if self._discovers:
            client.subscribe([(f"{self._topics.discovery}/device/+/config", 1), (self._echo, 1)])
        self._connected_mono_s = time.monotonic()
        self._connections += 1

    def _on_subscribe(self, client: Client, *_: object) -> None:
        # Messages come in order: once this one is back, all that is retained has come.
        client.publish(self._echo, "", qos=1)

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        self._fault = "it cannot be reached"

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: object, code: ReasonCode, _more: object
    ) -> None:
        if self._was_connected:  # else it was refused, and why is known
            self._fault, self._was_connected = redact(f"it was lost: {code}"), False

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        """Take note of a device that this receiver, or an earlier one, has told of."""
        if message.topic == self._echo:
            self._has_listened = True
            return
        try:
            config = json.loads(message.payload) if message.payload else {}
            is_ours = not config or (
                config["o"]["name"] == "surveil"
                and config["availability"] == [{"topic": self._topics.status}]
            )
        except (ValueError, TypeError, KeyError):
            return
        if is_ours and (config or message.topic in self._found):
            self._found[message.topic] = config
