"""An alerter shows cameras and alerts at a broker of MQTT while it evaluates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kit.broker import Mosquitto, listening
from kit.waiting import until

from surveil.config import Receiver
from surveil.events.embedded import EmbeddedRedis

JOY = {
    "name": "joy",
    "when": [{"share": {"emotion": "happy", "over": "2s"}, "above": 0.5}],
    "notify": ["ops"],
}


def test_readings_and_alerts_are_at_the_broker(
    site: Any, kit: Any, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    broker = Mosquitto(tmp_path)
    url = f"mqtt://127.0.0.1:{broker.port}"
    mqtt = Receiver.model_validate({"mqtt": {"url": url, "timeout_s": 30}})
    fleet = site.configure(redis_server.url, rules=[JOY])
    running = kit.running(fleet.model_copy(update={"receivers": {"ops": mqtt}}))
    script = kit.script()
    with listening(broker.port) as listener:
        topic = "surveil/cameras/lobby/alerts/joy"
        until(lambda: listener.of(topic) == "OFF", "an entity for each alert")
        site.publish(script.play("nnnnhhhhh"))
        until(lambda: listener.of(topic) == "ON", "it fires")
        state = "surveil/cameras/lobby/state"
        until(lambda: listener.json(state)["expression"] == "happy", "what is seen")
        assert listener.json(state)["faces"] == 1
        script.jump_ahead()
        site.publish(script.play("nnnnn"))
        until(lambda: listener.of(topic) == "OFF", "it ends")
        assert running.stop() == 0
        until(lambda: listener.of("surveil/status") == "offline", "it says that it goes")
    broker.end()
