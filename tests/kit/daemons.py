"""A whole surveil as a subprocess, on the simulator's clips and a model with random weights."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.waiting import until

MEDIA = Path(__file__).parents[2] / "surveil" / "simulate" / "media"


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quick to load; what it says is of no concern here."""
    # Imported here: most tests do without torch.
    from kit.models import write_small_model

    return write_small_model(tmp_path_factory.mktemp("model") / "random")


class Daemon:
    """A running ``surveil run``."""

    def __init__(self, folder: Path, fleet: dict[str, Any], *options: str) -> None:
        self.folder = folder
        path = folder / "fleet.yaml"
        path.write_text(yaml.safe_dump(fleet, sort_keys=False), encoding="utf-8")
        self.log = folder / "run.log"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "surveil.cli.main", "run", str(path), *options],
                stdout=log,
                stderr=log,
            )

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the daemon's SQLite; nothing while there is no table yet."""
        path = self.folder / "var" / "surveil.db"
        if not path.exists():
            return []
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()

    def lines(self) -> list[dict[str, Any]]:
        """Return the log."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def http(self, path: str) -> tuple[int, str]:
        """Ask the supervisor's port."""
        started = until(
            lambda: [x for x in self.lines() if x["event"] == "supervisor.started"], "start"
        )
        request = f"http://{started[0]['http']}{path}"
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def children(self) -> dict[str, int]:
        """Return the worker processes by name."""
        return {
            line["worker"]: line["pid"]
            for line in self.lines()
            if line["event"] == "worker.started"
        }

    def end(self, limit_s: float = 15.0) -> int:
        """Ask it to drain; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(limit_s)


@pytest.fixture
def run_surveil(tmp_path: Path, small_model: Path) -> Iterator[Callable[..., Daemon]]:
    """Start ``surveil run`` with a fleet's cameras and whatever else is given."""
    daemons: list[Daemon] = []

    def start(cameras: dict[str, Any], *options: str, **more: Any) -> Daemon:
        fleet = {
            "version": 1,
            "data_dir": "var",
            "model": str(small_model),
            "http": {"port": 0},
            "web": {"enabled": False},
            "cameras": cameras,
            **more,
        }
        daemons.append(Daemon(tmp_path, fleet, *options))
        return daemons[-1]

    yield start
    for daemon in daemons:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()
