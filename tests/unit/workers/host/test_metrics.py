"""Each metric of the code is described, and nothing else is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from kit.tools import REPOSITORY, tool

import surveil
from surveil.workers.host.board import MetricsBoard
from surveil.workers.host.metrics import BY_NAME, metrics_page

PACKAGE = Path(surveil.__file__).parent
CALL = re.compile(
    r"(?:count|gauge|observe|observe_all)\(\s*(?:(?:self\._)?telemetry,\s*)?\"([a-z_]+)\"|"
    r"\(\"([a-z_]+)\", \{[^}]*\}, float"
)
ROOMS = ("workers", "events", "web")


def named_in_the_code() -> set[str]:
    names = {"stage_seconds"}  # by observe_stage
    for room in ROOMS:
        for file in (PACKAGE / room).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            names |= {a or b for a, b in CALL.findall(text)}
    return names


def test_all_that_is_counted_is_described() -> None:
    assert named_in_the_code() == set(BY_NAME)


def test_names_follow_the_kinds() -> None:
    for name, metric in BY_NAME.items():
        assert name.endswith("_total") == (metric.kind == "counter"), name
        assert metric.kind != "histogram" or name.endswith("_seconds"), name
        assert metric.means.endswith("."), name
        assert not metric.worry or metric.worry.startswith("Worry "), name


def test_the_page_is_up_to_date() -> None:
    page = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics_page(), "run: surveil schema --metrics > docs/metrics.md"


def exposition() -> bytes:
    board = MetricsBoard()
    for name, metric in BY_NAME.items():
        labels = dict.fromkeys(metric.labels, "x")
        if metric.kind == "histogram":
            samples = [(f"{name}_bucket", {**labels, "le": le}, 1.0) for le in ("1", "+Inf")]
            board.put(name, [*samples, (f"{name}_sum", labels, 0.5)])
        else:
            board.put(name, [(name, labels, 1.0)])
    return board.exposition()


def test_prometheus_finds_no_fault_with_them() -> None:
    done = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=exposition(),
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_board_shows_what_it_means(name: str) -> None:
    text = exposition().decode()
    metric = BY_NAME[name]
    stem = name.removesuffix("_total")
    assert f"# TYPE surveil_{stem}{name.removeprefix(stem)} {metric.kind}" in text
    assert f"# HELP surveil_{name} {metric.help}" in text
