"""Work does not grow unnoticed: counts of operations against those that are kept."""

from __future__ import annotations

import json
from pathlib import Path

from surveil.measuring.operations import count_operations

KEPT = Path(__file__).parents[2] / "operations.json"
GROWTH = 1.02
"""The same code may differ by this on another processor: a candidate more or less."""
SHRINKAGE = 0.8


def test_no_operation_is_done_oftener_than_was_kept() -> None:
    counts = {row["what"]: row["count"] for row in count_operations().rows}
    kept = {row["what"]: row["count"] for row in json.loads(KEPT.read_text())["rows"]}
    remedy = "if it is meant to be so: `surveil bench operations --json > tests/operations.json`"

    assert counts.keys() == kept.keys(), remedy
    grown = {what: (kept[what], n) for what, n in counts.items() if n > GROWTH * kept[what]}
    assert not grown, f"more work than was kept: {grown}; {remedy}"
    spared = {what: (kept[what], n) for what, n in counts.items() if n < SHRINKAGE * kept[what]}
    assert not spared, f"less work than was kept, which then guards nothing: {spared}; {remedy}"
