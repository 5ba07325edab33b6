"""``surveil rules backtest`` over a small history."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from heapq import merge
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from surveil.cli.main import cli
from surveil.errors import ConfigError, UnavailableError
from surveil.rules.scenes import parse_scenes, play_scenes
from surveil.rules.sequence import event_at
from surveil.store import migrate
from surveil.store.engine import connect, writing
from surveil.store.ingest import write_batch

START_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SCRIPTS = {
    "a": "2 neutral x 5m; 2 angry x 30s; 2 neutral x 5m; 1 angry + 1 neutral x 60s; nobody x 5m",
    "b": "nobody x 10m",
}
FLEET = """\
database: sqlite:///history.db
cameras:
  a: {source: 'rtsp://h/x', password: '${env:NOT_SET_HERE}'}
  b: {source: 'rtsp://h/y'}
rules:
  - {name: anger, when: [{share: {emotion: angry, over: 10s}, above: 0.6}]}
  - {name: blind, when: [{health: camera, silent_for: 15s}]}
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backtest")
    (folder / "fleet.yaml").write_text(FLEET, encoding="utf-8")
    database = connect(f"sqlite:///{folder}/history.db")
    migrate.upgrade(database)
    events = list(
        merge(
            *(play_scenes(id_, parse_scenes(text), START_AT, 1.0) for id_, text in SCRIPTS.items()),
            key=event_at,
        )
    )
    for first in range(0, len(events), 500):
        with writing(database) as connection:
            write_batch(connection, events[first : first + 500])
    database.dispose()
    return folder / "fleet.yaml"


def surveil(fleet: Path, *arguments: object) -> Result:
    end = START_AT + timedelta(minutes=16, seconds=30)
    span = ["--from", START_AT.isoformat(), "--to", end.isoformat(), "--fleet", fleet]
    return CliRunner().invoke(cli, ["rules", "backtest", *map(str, [*span, *arguments])])


def test_what_rules_would_have_done(fleet: Path) -> None:
    result = surveil(fleet, "--jobs", 1, "--json")

    assert result.exit_code == 0, result.output
    anger, blind = json.loads(result.stdout)["rules"]
    assert (anger["rule"], anger["firings"], anger["new"], anger["gone"]) == ("anger", 1, 1, 0)
    assert anger["keys"] == [{"key": "a", "firings": 1, "firing_s": 27.0}]
    assert [(one["key"], one["firings"]) for one in blind["keys"]] == [("b", 1)]


def test_variants_of_a_rule_in_several_processes(fleet: Path) -> None:
    grid = ["--rule", "anger", "--grid", "above=0.3..0.7/0.2", "--by-key"]
    result = surveil(fleet, *grid, "--jobs", 2)

    assert result.exit_code == 0, result.output
    counts = {
        line.split("  ")[0]: line.split()[-7:-6]
        for line in result.stdout.splitlines()
        if line.startswith("anger above")
    }
    assert set(counts) == {"anger above=0.3", "anger above=0.5", "anger above=0.7"}
    assert "not marked" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--grid", "above=0.3..0.6/0.1"], "--grid needs one --rule"),
        (["--rule", "anger", "--grid", "above=3"], "is not such as above=0.3..0.6/0.05"),
        (["--rule", "anger", "--grid", "wen=0..1/1"], "'wen' is none of"),
        (["--rule", "anger", "--grid", "below=0..1/1"], "has no 'below'"),
        (["--rule", "anger", "--grid", "above=0..2/1"], "above=1: 'above: 1' can never be true"),
        (["--rule", "anger", "--grid", "above=0..1/0.001"], "has 1001 values"),
        (["--rule", "angre"], "did you mean 'anger'?"),
        (["--from", "2026-01-05T13:00Z"], "at least a minute after"),
    ],
)
def test_wrong_options(fleet: Path, arguments: list[str], message: str) -> None:
    result = surveil(fleet, *arguments)

    assert isinstance(result.exception, ConfigError), result.output
    assert message in str(result.exception)


def test_without_a_database(fleet: Path, tmp_path: Path) -> None:
    other = tmp_path / "fleet.yaml"
    other.write_text(FLEET, encoding="utf-8")

    assert isinstance(surveil(other).exception, UnavailableError)
