"""A real broker of MQTT (Mosquitto), and somebody who listens to it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from kit.tools import tool
from kit.waiting import until

TLS = Path(__file__).parents[1] / "fixtures" / "tls"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Mosquitto:
    """A broker on a free port of 127.0.0.1 that can be ended and begun again.

    Args:
        folder: For its configuration.
        lines: More of it.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        open_ = [] if any("password_file" in line for line in lines) else ["allow_anonymous true"]
        text = [f"listener {self.port} 127.0.0.1", "user root", "persistence false", *open_, *lines]
        self._config.write_text("\n".join(text) + "\n")
        self._process: subprocess.Popen[bytes] | None = None
        self.begin()

    def begin(self) -> None:
        command = [tool("mosquitto"), "-c", str(self._config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def end(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def hang(self, yes: bool) -> None:
        """Stop it, or let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if yes else signal.SIGCONT)


@dataclass
class Listener:
    """What somebody at the broker has seen: the last payload by topic, and all that came."""

    last: dict[str, str] = field(default_factory=dict)
    came: list[tuple[str, str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, topic: str) -> str | None:
        with self.lock:
            return self.last.get(topic)

    def json(self, topic: str) -> Any:
        until(lambda: self.of(topic) is not None, f"nothing on {topic}")
        return json.loads(self.of(topic) or "null")

    def ids(self, topic: str) -> list[str]:
        """Return the ids of the messages that came on a topic."""
        with self.lock:
            return [id_ for where, _, id_ in self.came if where == topic]


@contextmanager
def listening(port: int, **login: str) -> Iterator[Listener]:
    """Listen to all topics."""
    listener = Listener()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)

    def take(_client: Client, _data: object, message: MQTTMessage) -> None:
        properties = getattr(message.properties, "UserProperty", [])
        id_ = dict(properties).get("id", "")
        with listener.lock:
            listener.last[message.topic] = message.payload.decode()
            listener.came.append((message.topic, message.payload.decode(), id_))

    ready = threading.Event()
    client.on_message = take

    def subscribe(client: Client, *_: Any) -> None:
        client.subscribe("#", qos=1)

    def note(*_: Any) -> None:
        ready.set()

    client.on_connect, client.on_subscribe = subscribe, note
    if login:
        client.username_pw_set(login["username"], login["password"])
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", port)
    client.loop_start()
    try:
        assert ready.wait(60)
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()
