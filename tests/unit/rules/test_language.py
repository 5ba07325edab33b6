"""The table of docs/rules.md names tests that are there, and leaves no measure out."""

from __future__ import annotations

import re
from pathlib import Path

from surveil.rules.tree import KEYWORDS

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "rules.md"


def test_each_construct_has_a_test() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Each construct")[2]
    named = re.findall(r"`([\w./]+\.py)(?:::(\w+))?`", table)

    assert len(named) > 30
    for file, test in named:
        text = (HERE / file).read_text(encoding="utf-8")
        assert f"def {test}" in text, (file, test)
    constructs = set(
        re.findall(r"`(\w+)", "".join(re.findall(r"^\| ([^|]*)", table, re.MULTILINE)))
    )
    assert set(KEYWORDS) <= constructs
