"""The JSON Schema agrees with the loader, and the shipped files are up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from surveil.config.document import read_document
from surveil.config.export import fleet_schema, rules_schema
from surveil.config.loading import read_fleet
from surveil.config.schema import Fleet

CONFIGS = Path(__file__).resolve().parents[3] / "configs"

ENVIRONMENT = {
    name: f"example-value-{name.lower()}"
    for name in (
        "LOBBY_USER",
        "LOBBY_PASSWORD",
        "REDIS_PASSWORD",
        "DB_PASSWORD",
        "CAMERA_USER",
        "CAMERA_PASSWORD",
        "WEBHOOK_SECRET",
        "MAIL_PASSWORD",
        "MQTT_PASSWORD",
        "NTFY_TOPIC",
    )
}


@pytest.fixture(scope="module")
def fleet_json() -> dict[str, Any]:
    return fleet_schema()


@pytest.fixture(scope="module")
def rules_json() -> dict[str, Any]:
    return rules_schema()


def test_shipped_schemas_are_current(
    fleet_json: dict[str, Any], rules_json: dict[str, Any]
) -> None:
    """Otherwise: surveil schema > configs/fleet.schema.json, and --rules likewise."""
    for name, schema in (("fleet", fleet_json), ("rules", rules_json)):
        shipped = json.loads((CONFIGS / f"{name}.schema.json").read_text(encoding="utf-8"))
        assert shipped == schema, name


@pytest.mark.parametrize("name", ["fleet.yaml", "fleet.full.yaml"])
def test_examples_load(name: str) -> None:
    fleet = read_fleet(CONFIGS / name, environment=ENVIRONMENT).fleet
    assert fleet.cameras
    assert fleet.rules


def test_full_example_names_every_key(fleet_json: dict[str, Any]) -> None:
    value = read_document(CONFIGS / "fleet.full.yaml").value
    definitions = fleet_json["$defs"]
    assert set(value) == set(fleet_json["properties"])
    for key, name in (
        ("http", "Http"),
        ("inference", "Inference"),
        ("spool", "Spool"),
        ("restarts", "Restarts"),
        ("retention", "Retention"),
        ("privacy", "Privacy"),
        ("defaults", "CameraDefaults"),
    ):
        assert set(value[key]) == set(definitions[name]["properties"]), key


def test_full_example_shows_the_defaults() -> None:
    """What its comments call the default is the default."""
    fleet = read_fleet(CONFIGS / "fleet.full.yaml", environment=ENVIRONMENT).fleet
    plain = Fleet.model_validate({"cameras": {"a": {"source": "usb:0"}}})
    for key in ("device", "model", "interval_s", "partitions", "http", "inference", "spool"):
        assert getattr(fleet, key) == getattr(plain, key), key
    secrets = {"username", "password"}
    assert fleet.restarts == plain.restarts
    assert fleet.defaults.model_dump(exclude=secrets) == plain.defaults.model_dump(exclude=secrets)


def _check(schema: dict[str, Any], value: object, root: dict[str, Any]) -> bool:
    """Validate by the few keywords whose reach matters here; names and required keys above all."""
    if "$ref" in schema:
        return _check(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root)
    if "anyOf" in schema:
        return any(_check(option, value, root) for option in schema["anyOf"])
    kinds: dict[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "null": (type(None),),
    }
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return False
    if isinstance(value, list):
        return all(_check(schema.get("items", {}), item, root) for item in value)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        if not set(schema.get("required", ())) <= set(value):
            return False
        extra = schema.get("additionalProperties", True)
        for key, item in value.items():
            below = properties.get(key, extra)
            if below is False or (below is not True and not _check(below, item, root)):
                return False
    return True


@pytest.mark.parametrize("name", ["fleet.yaml", "fleet.full.yaml"])
def test_examples_fit_the_schema(name: str, fleet_json: dict[str, Any]) -> None:
    value = read_document(CONFIGS / name).value
    assert _check(fleet_json, value, fleet_json)
    assert not _check(fleet_json, {**value, "recievers": {}}, fleet_json)
    assert not _check(fleet_json, {"version": 1}, fleet_json)


@pytest.mark.parametrize("name", ["crowd", "health"])
def test_rule_examples_fit_the_schema(name: str, rules_json: dict[str, Any]) -> None:
    value = read_document(CONFIGS / "rules" / f"{name}.yaml").value
    assert _check(rules_json, value, rules_json)
    assert not _check(rules_json, {"rules": [{"name": "x"}]}, rules_json)


def test_schema_takes_references_where_numbers_stand(fleet_json: dict[str, Any]) -> None:
    port = fleet_json["$defs"]["Http"]["properties"]["port"]
    assert port["default"] == 9464
    assert [option["type"] for option in port["anyOf"]] == ["integer", "string"]


def test_rules_schema_knows_the_emotions(rules_json: dict[str, Any]) -> None:
    assert "angry" in rules_json["$defs"]["Emotion"]["enum"]
