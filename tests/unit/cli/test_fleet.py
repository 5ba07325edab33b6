"""``surveil fleet`` without a cluster: what it reads from SQL and writes there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from surveil.store.engine import connect, writing
from surveil.store.hosts import beat


@pytest.fixture
def fleet_file(tmp_path: Path, postgres_url: str) -> Path:
    path = tmp_path / "fleet.yaml"
    fleet = {
        "version": 1,
        "redis": "redis://127.0.0.1:1/0",
        "database": postgres_url,
        "cameras": {f"cam-{n}": {"source": "rtsp://127.0.0.1/x"} for n in range(3)},
    }
    path.write_text(yaml.safe_dump(fleet), encoding="utf-8")
    engine: sa.Engine = connect(postgres_url)
    with writing(engine) as connection:
        for name in ("north", "south"):
            beat(connection, name, {"site": name}, 40.0, is_new=True)
    engine.dispose()
    return path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "surveil.cli.main", "fleet", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_hosts_are_drained_balanced_and_shown(fleet_file: Path) -> None:
    option = ("--fleet", str(fleet_file))
    drained = run("drain", "north", *option)
    lines = [f"cam-{number} -> south" for number in range(3)]
    assert drained.stdout.splitlines() == lines
    found = json.loads(run("status", "--json", *option).stdout)
    assert [(one["host"], one["state"], one["placed"]) for one in found["hosts"]] == [
        ("north", "draining", 0),
        ("south", "active", 3),
    ]
    assert run("rebalance", *option).stdout == "no camera moves\n"
    table = run("status", *option).stdout
    assert "site=south" in table
    assert "to be on" in table  # nobody holds the cameras yet
    assert run("down", *option).stdout == "asked to end: north, south\n"


def test_a_host_that_is_not_there_is_told_with_those_that_are(fleet_file: Path) -> None:
    ended = run("drain", "east", "--fleet", str(fleet_file))
    assert ended.returncode == 2
    assert "no host is called east; there are: north, south" in ended.stderr


def test_a_fleet_of_one_host_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("version: 1\ncameras: {a: {source: 'rtsp://127.0.0.1/x'}}\n", encoding="utf-8")
    ended = run("rebalance", "--fleet", str(path))
    assert ended.returncode == 2
    assert "redis: embedded serves one host only" in ended.stderr


def test_an_empty_database_is_told_with_what_to_do(empty_postgres_url: str) -> None:
    ended = run("status", "--database", empty_postgres_url)
    assert ended.returncode == 2
    assert "surveil db upgrade" in ended.stderr


def test_an_address_at_which_nobody_listens_is_told_at_once(fleet_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    ended = run("up", str(fleet_file), "--address", address)
    assert ended.returncode == 5
    assert f"no Ray cluster at {address}: " in ended.stderr
    assert "ray start --head" in ended.stderr
