"""The units, by systemd's own tools."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest
import yaml
from kit.daemons import MEDIA
from kit.sandbox import STATE, settings, start
from kit.service_manager import Manager
from kit.tools import DEPLOY, output, tool
from kit.waiting import until

UNITS = DEPLOY / "systemd"
MOST_EXPOSED = 1.5
"""By the scale of `systemd-analyze security`, 0 to 10; it was 1.2 in November 2026."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A copy whose command is this environment's: systemd looks whether it is there."""
    for file in UNITS.iterdir():
        shutil.copy(file, tmp_path / file.name)
    unit = tmp_path / "surveil@.service"
    text = unit.read_text(encoding="utf-8")
    assert "/opt/surveil/bin/surveil " in text
    here = str(Path(sys.executable).with_name("surveil"))
    unit.write_text(text.replace("/opt/surveil/bin/surveil", here), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("drop_in", [None, "usb.conf", "gpu.conf"])
def test_systemd_accepts_the_units(units: Path, drop_in: str | None) -> None:
    if drop_in is not None:
        folder = units / "surveil@.service.d"
        folder.mkdir()
        shutil.copy(UNITS / drop_in, folder)
    command = [tool("systemd-analyze"), "verify", "./surveil@.service", "./surveil.target"]
    assert output(command, cwd=units) == ""


def test_the_daemon_is_exposed_to_little(units: Path) -> None:
    command = [tool("systemd-analyze"), "security", "--offline=yes", "--no-pager"]
    text = output([*command, "./surveil@.service"], cwd=units)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", text)
    assert found
    assert float(found[1]) <= MOST_EXPOSED, text


@pytest.fixture
def sandboxed(tmp_path: Path) -> Path:
    """The configuration below etc/, and an empty state/; skips where namespaces are forbidden."""
    probe = [tool("bwrap"), "--ro-bind", "/", "/", "--unshare-user", "--proc", "/proc", "true"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        pytest.skip(f"this kernel forbids namespaces: {done.stderr.strip()}")
    (tmp_path / "state").mkdir()
    (tmp_path / "etc").mkdir()
    return tmp_path


def test_the_command_line_runs_in_the_sandbox(sandboxed: Path, small_model: Path) -> None:
    unit = settings(UNITS / "surveil@.service")
    shutil.copytree(small_model, sandboxed / "etc" / "model")
    shutil.copy(MEDIA / "lounge.mp4", sandboxed / "etc" / "clip.mp4")
    fleet = {
        "data_dir": "${env:STATE_DIRECTORY}",
        "model": "./model",
        "http": {"port": 0},
        "web": {"enabled": False},
        "cameras": {"lobby": {"source": "file:clip.mp4", "loop": True}},
    }
    (sandboxed / "etc" / "fleet.yaml").write_text(yaml.safe_dump(fleet), encoding="utf-8")
    (sandboxed / "notify").mkdir()
    manager = Manager(str(sandboxed / "notify" / "socket"))
    command = unit["ExecStart"][0].replace("%i", "test").replace(" $SURVEIL_OPTIONS", "").split()
    process = start(
        unit,
        [str(Path(sys.executable).with_name("surveil")), *command[1:]],
        state=sandboxed / "state",
        etc=sandboxed / "etc",
        etc_at="/etc/surveil/test",
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": "/",
            "LANG": "C.UTF-8",
            "STATE_DIRECTORY": STATE,
            "NOTIFY_SOCKET": manager.name,
        },
        binds=[sandboxed / "notify"],
        log=sandboxed / "run.log",
    )
    log = sandboxed / "run.log"
    heard: list[str] = []

    def is_whole() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        heard.extend(manager.heard())
        return any(re.fullmatch("STATUS=4 of 4 workers ready", line) for line in heard)

    try:
        until(is_whole, "all workers ready")
        assert "READY=1" in heard
        until(lambda: _intervals(sandboxed / "state" / "surveil.db"), "intervals in SQL")
        _check_scrape(log)
        _supervisor(process.pid).terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(30)
    text = log.read_text(encoding="utf-8")
    assert "supervisor.stopping" in text
    assert '"level": "error"' not in text
    manager.sock.close()


def _check_scrape(log: Path) -> None:
    """Let Prometheus' tool judge what the running daemon shows."""
    started = next(
        line for line in log.read_text(encoding="utf-8").splitlines() if '"http"' in line
    )
    address = f"http://{json.loads(started)['http']}/metrics"

    def scraped() -> bytes:
        with urllib.request.urlopen(address, timeout=30) as page:
            text: bytes = page.read()
        # Workers tell their samples once a second, so SQL may be ahead of them.
        return text if b"surveil_store_seconds_bucket" in text else b""

    scrape = until(scraped, "the recorder's figures")
    command = [tool("promtool"), "check", "metrics"]
    done = subprocess.run(command, input=scrape, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def _supervisor(bwrap_pid: int) -> psutil.Process:
    """Return the daemon's own process: bwrap hands no signals on."""
    children = psutil.Process(bwrap_pid).children(recursive=True)
    return next(one for one in children if one.name() != "bwrap")


def _intervals(database: Path) -> int:
    if not database.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM interval").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
