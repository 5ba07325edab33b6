from __future__ import annotations

import pytest

from surveil.rules.template import check_template, render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{camera}}: {{value|percent}} angry", "lobby: 42% angry"),
        ("{{ value | fixed2 }} of {{value}}", "0.42 of 0.417"),
        ("{{value|seconds}}, {{camera|upper}}", "0 s, LOBBY"),
        ("{{threshold|percent}}", "unknown"),
        ("{{camera|percent}}", "lobby"),
        ("no holes, { one brace }", "no holes, { one brace }"),
    ],
)
def test_renders(text: str, expected: str) -> None:
    values: dict[str, str | float | None] = {"camera": "lobby", "value": 0.4167, "threshold": None}

    assert render(check_template(text), values) == expected


def test_never_expands_a_value_again() -> None:
    assert render("{{camera}}", {"camera": "{{rule}}", "rule": "x"}) == "{{rule}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{camera.__class__}}", "unknown name"),
        ("{{}}", "unknown name ''"),
        ("{{value|eval}}", "unknown filter 'eval' in a template; one of: percent"),
        ("{{value|percent|upper}}", "one filter at most"),
        ("{{value", "pairs"),
        ("value}}", "pairs"),
        ("x" * 1001, "longer than 1000"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_template(text)
