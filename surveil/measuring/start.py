"""How long surveil takes to start: commands, and a daemon until it has analysed a frame."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from surveil.errors import SurveilError, UnavailableError
from surveil.measuring.exposition import Exposition
from surveil.measuring.fleet import read_metrics
from surveil.measuring.laps import Lap, alternate, middle
from surveil.measuring.processes import inspect_daemon
from surveil.measuring.report import Figure, Report
from surveil.simulate.examples import CLIPS
from surveil.workers.host.detached import run_detached

START_LIMIT_S = 120.0
POLL_S = 0.05

FIGURES = (
    Figure("what", "what"),
    Figure("cpu_s", "processor s", 2),
    Figure("wall_s", "s by the clock", 2),
)
NOTES = (
    "Medians of alternating rounds; of a daemon the processor time of all its processes, from its "
    "start with one camera that plays a file, in an empty data_dir, or in one that has the "
    "compiled networks of a start before.",
)


def measure_start(rounds: int) -> Report:
    """Start commands and daemons by turns, each in processes of its own.

    Raises:
        SurveilError: A command or daemon failed.
        UnavailableError: A daemon analysed nothing in time.
    """
    with tempfile.TemporaryDirectory(prefix="surveil-bench-") as name:
        folder = Path(name)
        fleet = write_fleet(folder)
        ways: dict[str, Callable[[], Lap]] = {
            "surveil --help": partial(_run_command, "--help"),
            "surveil check": partial(_run_command, "check", str(fleet)),
            "run, until ready": partial(_run_daemon, is_ready),
            "run, until a frame is analysed": partial(_run_daemon, has_analysed),
            "the same, networks kept": partial(_run_daemon, has_analysed, folder / "engines"),
        }
        _run_daemon(has_analysed, leave_in=folder / "engines")
        laps = alternate(ways, rounds)
    rows: list[dict[str, Any]] = []
    for what, found in laps.items():
        one = middle(found)
        rows.append({"what": what, "cpu_s": one.cpu_s, "wall_s": one.wall_s})
    return Report("start", {"rounds": rounds}, FIGURES, rows, NOTES)


def write_fleet(folder: Path) -> Path:
    """Write a fleet of one camera that plays a clip; return its file."""
    clip = next(iter(CLIPS.values()))
    fleet = {
        "version": 1,
        "data_dir": "data",
        "http": {"port": 0},
        "web": {"enabled": False},
        "cameras": {"cam": {"source": f"file:{clip}", "loop": True}},
    }
    file = folder / "fleet.yaml"
    file.write_text(yaml.safe_dump(fleet, sort_keys=False), encoding="utf-8")
    return file


def is_ready(metrics: Exposition) -> bool:
    """Whether all workers are ready."""
    up = metrics.by("surveil_worker_up", "of")
    return bool(up) and all(up.values())


def has_analysed(metrics: Exposition) -> bool:
    """Whether a frame has been analysed."""
    return metrics.total("surveil_frames_analysed_total") > 0


def _run_command(*arguments: str) -> Lap:
    result = Lap()
    before, began_s = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "surveil.cli.main", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    result.wall_s, after = time.perf_counter() - began_s, os.times()
    result.cpu_s = sum(after[2:4]) - sum(before[2:4])
    if done.returncode:
        raise SurveilError(f"surveil {arguments[0]} ended with {done.returncode}: {done.stderr}")
    return result


def _run_daemon(
    is_there: Callable[[Exposition], bool],
    engines: Path | None = None,
    leave_in: Path | None = None,
) -> Lap:
    """Start a daemon in a new folder, and end it when its metrics say what is waited for.

    Args:
        is_there: Says it.
        engines: Compiled networks that the folder is to have from the start.
        leave_in: Where those that it has at the end are copied to.
    """
    with tempfile.TemporaryDirectory(prefix="surveil-bench-") as name:
        log = Path(name) / "run.log"
        own = Path(name) / "data" / "engines"
        if engines is not None:
            shutil.copytree(engines, own)
        began_s = time.perf_counter()
        with run_detached(write_fleet(Path(name)), log) as daemon:
            while not is_there(read_metrics(daemon, log)):
                if time.perf_counter() - began_s > START_LIMIT_S:
                    raise UnavailableError(f"the daemon is not there after {START_LIMIT_S:.0f} s")
                time.sleep(POLL_S)
            result = Lap(wall_s=time.perf_counter() - began_s)
            used = inspect_daemon(daemon.pid).by_role.values()
            result.cpu_s = sum(one.cpu_s for one in used)
        if leave_in is not None:
            shutil.copytree(own, leave_in)
    return result
