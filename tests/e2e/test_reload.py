"""Rules are replaced while cameras go on, and stay as they were where they are wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import yaml
from kit.daemons import MEDIA, Daemon
from kit.waiting import until

Start = Callable[..., Daemon]

QUIET = {"name": "quiet", "when": [{"health": "camera", "silent_for": "10m"}]}
SEEN = {
    "name": "analysed",
    "when": [{"faces": {"over": "3s"}, "below": 1000}],
    "no_data": "hold",
}


def test_rules_are_taken_while_cameras_go_on(run_surveil: Start) -> None:
    clip = {"source": f"file:{min(MEDIA.glob('*.mp4'))}", "loop": True, "sample_fps": 2}
    daemon = run_surveil({"lobby": clip}, rules=[QUIET])
    until(lambda: daemon.http("/readyz")[0] == 200, "ready", limit_s=180)
    runs = daemon.sql("SELECT id FROM run")
    change(daemon, [QUIET, {"name": "analysed"}])
    os.kill(daemon.process.pid, signal.SIGHUP)
    until(lambda: logged(daemon, "rules.kept"), "the old rules stay", limit_s=60)
    assert daemon.sql("SELECT * FROM alert") == []
    change(daemon, [QUIET, SEEN])
    fired = "SELECT rule FROM alert WHERE state = 'firing'"
    until(lambda: daemon.sql(fired) == [("analysed",)], "the new rule fires", limit_s=180)
    until(lambda: daemon.http("/readyz")[0] == 200, "ready again", limit_s=120)
    assert daemon.sql("SELECT id FROM run") == runs
    assert daemon.end() == 0


def change(daemon: Daemon, rules: list[dict[str, Any]]) -> None:
    path = daemon.folder / "fleet.yaml"
    fleet = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**fleet, "rules": rules}, sort_keys=False))


def logged(daemon: Daemon, event: str) -> bool:
    return any(line.get("event") == event for line in daemon.lines())
