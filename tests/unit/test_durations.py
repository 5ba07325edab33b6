"""Durations as people write them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from surveil.durations import Duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1m", 60),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("2d", 172800),
        ("1w", 604800),
        (" 10s ", 10),
        ("7", 7),
        ("0.25", 0.25),
        (3, 3),
        (0.5, 0.5),
        (0, 0),
    ],
)
def test_parse(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "s",
        "10 s",
        "1:30",
        "-5s",
        "1e3s",
        "5x",
        "30S",
        True,
        None,
        [],
        -1,
        float("nan"),
        float("inf"),
        10**400,
        "999999999999d",
        "9" * 500 + "s",
    ],
)
def test_refuse(bad: object) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(bad)


def test_field_takes_text_and_numbers_and_writes_seconds() -> None:
    adapter = TypeAdapter(Duration)
    assert adapter.validate_python("1m") == 60.0
    assert adapter.dump_json(adapter.validate_python("1m")) == b"60.0"
    with pytest.raises(ValidationError, match="such as 500ms"):
        adapter.validate_python("soon")
    assert "anyOf" in adapter.json_schema()
