"""What Home Assistant is told of cameras so that it finds them by itself.

Device based discovery over MQTT, as of Home Assistant 2024.11:
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surveil.domain import EMOTIONS, CameraState
from surveil.notify.board import SITE

EXPIRES_S = 90
"""Faces and expression are unavailable when nothing was said of them for so long."""

NOBODY = "nobody"
"""Expression where no face is seen."""

_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


def slug(text: str) -> str:
    """Return a text as part of a topic or an id: other characters give way, and a hash is added."""
    plain = _UNFIT.sub("_", text)
    if plain == text and text:
        return text
    return f"{plain}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Topics:
    """Where things stand; ``prefix`` is the receiver's own, ``discovery`` Home Assistant's."""

    prefix: str
    discovery: str

    @property
    def status(self) -> str:
        """``online`` or ``offline``, retained; the latter is the will of the connection."""
        return f"{self.prefix}/status"

    def of(self, subject: str) -> str:
        """Return the topic below which a camera stands, or the site."""
        return f"{self.prefix}/{'cameras/' + slug(subject) if subject else 'site'}"

    def state(self, camera: str) -> str:
        """Return the topic of a camera's reading, retained JSON."""
        return f"{self.of(camera)}/state"

    def notice(self, subject: str) -> str:
        """Return the topic of each message as it was sent, not retained."""
        return f"{self.of(subject)}/notice"

    def alert(self, subject: str, rule: str) -> str:
        """Return the topic of an alert, ``ON`` or ``OFF``, retained."""
        return f"{self.of(subject)}/alerts/{slug(rule)}"

    def node(self, subject: str) -> str:
        """Return the id of a device, unique among those of other prefixes."""
        return f"{slug(self.prefix)}-{slug(subject) if subject else 'site'}"

    def config(self, subject: str) -> str:
        """Return the topic of a device's discovery, retained JSON."""
        return f"{self.discovery}/device/{self.node(subject)}/config"


def device_of(topics: Topics, subject: str, rules: tuple[str, ...], version: str) -> dict[str, Any]:
    """Return the discovery of a camera with its entities, or of the site with its alerts."""
    node = topics.node(subject)
    parts = {} if subject == SITE else _camera_parts(topics, subject, node)
    for rule in rules:
        topic = topics.alert(subject, rule)
        parts[f"alert_{slug(rule)}"] = {
            "p": "binary_sensor",
            "name": rule,
            "unique_id": f"{node}-alert-{slug(rule)}",
            "device_class": "problem",
            "state_topic": topic,
            "json_attributes_topic": f"{topic}/attributes",
        }
    return {
        "dev": {
            "ids": [node],
            "name": subject or topics.prefix,
            "mf": "surveil",
            "mdl": "camera" if subject else "site",
            "sw": version,
        },
        "o": {"name": "surveil", "sw": version},
        "availability": [{"topic": topics.status}],
        "qos": 1,
        "cmps": parts,
    }


def without(config: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return a discovery that also takes away what an earlier one had and this one has not.

    A part is taken away by a config of its platform alone, which is left out the next time.
    """
    gone = {
        name: {"p": part["p"]}
        for name, part in earlier.get("cmps", {}).items()
        if name not in config["cmps"] and set(part) > {"p"}
    }
    return {**config, "cmps": {**config["cmps"], **gone}}


def _camera_parts(topics: Topics, camera: str, node: str) -> dict[str, dict[str, Any]]:
    def sensor(name: str, key: str, **more: Any) -> dict[str, Any]:
        return {
            "p": "sensor",
            "name": name,
            "unique_id": f"{node}-{key}",
            "state_topic": topics.state(camera),
            "value_template": f"{{{{ value_json.{key} }}}}",
            **more,
        }

    states = ["unknown", *(state.value for state in CameraState)]
    expressions = [NOBODY, *(emotion.value for emotion in EMOTIONS)]
    return {
        "state": sensor("State", "state", device_class="enum", options=states),
        "faces": sensor(
            "Faces", "faces", state_class="measurement", icon="mdi:account-multiple",
            expire_after=EXPIRES_S,
        ),
        "expression": sensor(
            "Expression", "expression", device_class="enum", options=expressions,
            expire_after=EXPIRES_S,
        ),
    }  # fmt: skip
