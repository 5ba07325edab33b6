"""JSON Schema of fleet and rule files, for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from surveil.config.schema import Fleet
from surveil.names import CAMERA_ID
from surveil.rules.model import Rule

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = {"type": "string", "pattern": r"\$\{(env|file):[^{}]+\}"}


def fleet_schema() -> dict[str, Any]:
    """Return the schema of a fleet file as it is written: before defaults and secrets."""
    schema = Fleet.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    camera = definitions["Camera"]
    del camera["properties"]["id"]
    camera["required"].remove("id")
    rules = schema["properties"]["rules"]
    rules["items"] = {
        "anyOf": [
            {"type": "string", "description": "Pattern of rule files, such as rules/*.yaml."},
            rules["items"],
        ]
    }
    own = {name for name in definitions if name not in _rule_definitions()}
    for name in own:
        _allow_references(definitions[name])
    _allow_references(schema)
    _describe_database(schema["properties"]["database"])
    _describe_redis(schema["properties"]["redis"])
    schema["properties"]["cameras"]["propertyNames"] = {"pattern": f"^{CAMERA_ID.pattern}$"}
    return {"$schema": _DIALECT, "title": "surveil fleet", **_tidied(schema)}


def rules_schema() -> dict[str, Any]:
    """Return the schema of a rule file."""
    schema = TypeAdapter(list[Rule]).json_schema(by_alias=True)
    definitions = schema.pop("$defs")
    file = {
        "type": "object",
        "properties": {"rules": schema},
        "required": ["rules"],
        "additionalProperties": False,
    }
    return {
        "$schema": _DIALECT,
        "title": "surveil rules",
        "anyOf": [file, schema],
        "$defs": _tidied(definitions),
    }


def _rule_definitions() -> set[str]:
    return {"Rule", *TypeAdapter(Rule).json_schema(by_alias=True).get("$defs", {})}


def _allow_references(schema: dict[str, Any]) -> None:
    """Let numbers, truth values and choices come by ``${env:}`` and ``${file:}`` too."""
    for name, value in schema.get("properties", {}).items():
        options = value.get("anyOf", [value])
        if any("$ref" in option or _is_free(option) for option in options):
            continue
        described = {key: value[key] for key in ("description", "default") if key in value}
        if "anyOf" not in value:
            options = [{key: item for key, item in value.items() if key not in described}]
        schema["properties"][name] = {**described, "anyOf": [*options, _REFERENCE]}


def _is_free(schema: dict[str, Any]) -> bool:
    """Return whether a schema takes any text, or no single value at all."""
    if schema.get("type") in ("array", "object"):
        return True
    return schema.get("type") == "string" and not {"pattern", "const", "enum"} & set(schema)


def _describe_database(schema: dict[str, Any]) -> None:
    schema["examples"] = [
        "sqlite:///var/surveil.db",
        "postgresql+psycopg://surveil:${env:DB_PASSWORD}@db.example/surveil",
    ]


def _describe_redis(schema: dict[str, Any]) -> None:
    text = {"type": "string"}
    address = {
        "type": "object",
        "properties": {
            "url": {**text, "description": "redis://HOST:6379/0 or rediss://HOST:6379/0."},
            "username": {**text, "description": "ACL user."},
            "password": {**text, "description": "Better ${env:NAME} or ${file:PATH}."},
            "ca_file": {**text, "description": "Certificates to trust for rediss://."},
            "cert_file": {**text, "description": "Certificate to show."},
            "key_file": {**text, "description": "Its key."},
        },
        "required": ["url"],
        "additionalProperties": False,
    }
    schema["anyOf"] = [text, address]
    schema["examples"] = ["embedded", "rediss://app:${env:REDIS_PASSWORD}@redis.example:6379/0"]


def _tidied(schema: Any) -> Any:
    """Leave out the titles that pydantic makes of names, and the line breaks of docstrings."""
    if isinstance(schema, dict):
        return {
            key: " ".join(value.split())
            if key == "description" and isinstance(value, str)
            else _tidied(value)
            for key, value in schema.items()
            if key != "title" or not isinstance(value, str)
        }
    if isinstance(schema, list):
        return [_tidied(value) for value in schema]
    return schema
