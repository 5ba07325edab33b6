"""How many cameras a daemon carries here: a real one on simulated cameras, watched from outside."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from surveil.config.loading import read_fleet
from surveil.errors import ConfigError, SurveilError, UnavailableError
from surveil.measuring.exposition import Exposition
from surveil.measuring.processes import Usages, inspect_daemon
from surveil.measuring.report import Figure, Report
from surveil.simulate import RtspServer
from surveil.simulate.examples import CLIPS
from surveil.workers.host.detached import run_detached

START_LIMIT_S = 120.0
"""Until every camera has been analysed."""
ATTEMPTS = 5
SETTLE_S = 5.0
"""Between that and the measured time: the opening bursts are over."""
POLL_S = 0.5
MIB = 2**20

FIGURES = (
    Figure("role", "what"),
    Figure("processes", "n", 0),
    Figure("core_percent", "% of a core", 1),
    Figure("cpu_ms_per_frame", "ms/frame", 2),
    Figure("private_mib", "private MiB each", 0),
    Figure("memory_mib", "MiB in all", 0),
)
NOTES = (
    "% of a core and ms/frame are processor time, over the measured seconds and for each sampled "
    "frame. The simulated cameras run in the process of this command, which is not in the sum.",
    "MiB in all counts what processes share once (PSS). Lost are sampled frames that nobody "
    "analysed; p95 is from the picture's capture to the decision on its faces.",
)


@dataclass(frozen=True, slots=True)
class FleetLoad:
    """What a daemon is given.

    Attributes:
        cameras: How many.
        seconds: How long it is watched.
        clips: What the cameras show, by turns; those that come with surveil if empty.
        sample_fps: Frames a second of each camera that are analysed.
        settings: Further settings of the fleet by their path, such as ``inference.workers``.
    """

    cameras: int = 4
    seconds: float = 30.0
    clips: Sequence[Path] = ()
    sample_fps: float = 5.0
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of a daemon at an instant; ``own_cpu_s`` is that of this process."""

    at_s: float
    metrics: Exposition
    usages: Usages
    own_cpu_s: float


def measure_fleet(load: FleetLoad) -> Report:
    """Run a daemon on simulated cameras and tell what it loses, what it costs, how late it is.

    Raises:
        ConfigError: A setting is unknown or wrong.
        SurveilError: The daemon ended, or a clip cannot be served.
        UnavailableError: A camera was not analysed in time.
    """
    with watching(load) as look:
        time.sleep(SETTLE_S)
        before = look()
        time.sleep(load.seconds)
        after = look()
    return report_of(load, before, after)


@contextmanager
def watching(load: FleetLoad) -> Iterator[Callable[[], Moment]]:
    """Run a daemon on simulated cameras; gives what looks at it, once all were analysed.

    Raises:
        ConfigError: A setting is unknown or wrong.
        SurveilError: The daemon ended, or a clip cannot be served.
        UnavailableError: A camera was not analysed in time.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="surveil-bench-")))
        server = stack.enter_context(RtspServer(_streams(load)))
        file = folder / "fleet.yaml"
        file.write_text(yaml.safe_dump(fleet_of(load, server), sort_keys=False), encoding="utf-8")
        read_fleet(file)
        log = folder / "run.log"
        daemon = stack.enter_context(run_detached(file, log))
        _await_cameras(daemon, log, load)
        yield lambda: _look(daemon, log)


def _streams(load: FleetLoad) -> dict[str, Path]:
    clips = list(load.clips) or list(CLIPS.values())
    return {f"cam{number:02}": clips[number % len(clips)] for number in range(load.cameras)}


def fleet_of(load: FleetLoad, server: RtspServer) -> dict[str, Any]:
    """Return the configuration of the daemon.

    Raises:
        ConfigError: A setting lies below one that is no section.
    """
    fleet: dict[str, Any] = {
        "version": 1,
        "data_dir": "data",
        "http": {"port": 0},
        "web": {"enabled": False},
        "defaults": {"sample_fps": load.sample_fps},
        "cameras": {name: {"source": server.url(name)} for name in server.streams},
    }
    for path, value in load.settings.items():
        *sections, key = path.split(".")
        at: Any = fleet
        for section in sections:
            at = at.setdefault(section, {}) if isinstance(at, dict) else None
        if not isinstance(at, dict):
            raise ConfigError(f"--set {path}: {'.'.join(sections)} has no settings below it")
        at[key] = value
    return fleet


def _await_cameras(daemon: subprocess.Popen[bytes], log: Path, load: FleetLoad) -> None:
    until_s = time.monotonic() + START_LIMIT_S
    while True:
        seen = read_metrics(daemon, log).by("surveil_frames_analysed_total", "camera")
        if sum(count > 0 for count in seen.values()) == load.cameras:
            return
        if time.monotonic() > until_s:
            raise UnavailableError(
                f"only {len(seen)} of {load.cameras} cameras were analysed within "
                f"{START_LIMIT_S:.0f} s"
            )
        time.sleep(POLL_S)


def read_metrics(daemon: subprocess.Popen[bytes], log: Path) -> Exposition:
    """Return what ``/metrics`` says, nothing while the daemon starts.

    Raises:
        SurveilError: The daemon has ended.
    """
    if daemon.poll() is not None:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
        raise SurveilError(f"the daemon ended with {daemon.returncode}: {' '.join(last)}")
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if '"supervisor.started"' in line:
            address = json.loads(line)["http"]
            return Exposition.read(_ask(f"http://{address}/metrics"))
    return Exposition({})


def _ask(url: str) -> str:
    """Return an answer; a host that is full of other work may take a few attempts."""
    for left in reversed(range(ATTEMPTS)):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (ours, on this host)
                return str(answer.read().decode())
        except OSError:
            if not left:
                raise
            time.sleep(1.0)
    raise AssertionError


def _look(daemon: subprocess.Popen[bytes], log: Path) -> Moment:
    return Moment(
        time.monotonic(), read_metrics(daemon, log), inspect_daemon(daemon.pid), sum(os.times()[:2])
    )


def report_of(load: FleetLoad, before: Moment, after: Moment) -> Report:
    """Return what lies between two looks at a daemon.

    The first row is of the whole daemon, and has in JSON beside its cost ``sampled_per_s``,
    ``analysed_per_s``, ``gated_percent``, ``faces_per_frame``, ``lost_percent``, ``lost`` by cause
    and ``p95_ms``.
    """
    seconds = after.at_s - before.at_s
    grown = after.metrics.since(before.metrics)
    sampled = grown.total("surveil_frames_sampled_total")
    used = after.usages.since(before.usages).by_role
    rows: list[dict[str, Any]] = [
        {
            "role": role,
            "processes": one.processes,
            "core_percent": 100 * one.cpu_s / seconds,
            "cpu_ms_per_frame": 1000 * one.cpu_s / sampled if sampled else None,
            "private_mib": one.private_bytes / one.processes / MIB,
            "memory_mib": (one.private_bytes + one.shared_bytes) / MIB,
        }
        for role, one in sorted(used.items())
    ]
    whole: dict[str, Any] = {
        key: sum(row[key] or 0 for row in rows)
        for key in ("processes", "core_percent", "cpu_ms_per_frame", "memory_mib")
    }
    fleet = _fleet_figures(grown, seconds, sampled)
    own = 100 * (after.own_cpu_s - before.own_cpu_s) / seconds
    simulator = {"role": "(simulator)", "processes": 1, "core_percent": own}
    settings: dict[str, Any] = {
        "cameras": load.cameras,
        "seconds": round(seconds, 1),
        "sample_fps": load.sample_fps,
        **load.settings,
    }
    rows = [{"role": "daemon", **whole, **fleet}, *rows, simulator]
    return Report("fleet", settings, FIGURES, rows, (_sentence(fleet), *NOTES))


def _fleet_figures(grown: Exposition, seconds: float, sampled: float) -> dict[str, Any]:
    analysed = grown.total("surveil_frames_analysed_total")
    lost = {
        cause: count
        for cause, count in grown.by("surveil_frames_dropped_total", "cause").items()
        if count
    }
    p95_s = grown.quantile("surveil_decision_seconds", 0.95)
    by_camera = grown.by("surveil_frames_analysed_total", "camera")
    return {
        "sampled_per_s": sampled / seconds,
        "analysed_per_s": analysed / seconds,
        "slowest_camera_per_s": min(by_camera.values(), default=0.0) / seconds,
        "fastest_camera_per_s": max(by_camera.values(), default=0.0) / seconds,
        "gated_percent": _percent(grown.total("surveil_frames_gated_total"), analysed),
        "faces_per_frame": grown.total("surveil_faces_total") / analysed if analysed else None,
        "lost_percent": _percent(sum(lost.values()), sampled),
        "lost": lost,
        "p95_ms": None if p95_s is None else 1000 * p95_s,
    }


def _percent(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def _sentence(fleet: Mapping[str, Any]) -> str:
    lost = ", ".join(f"{count:.0f} {cause}" for cause, count in fleet["lost"].items())
    p95 = "unknown" if fleet["p95_ms"] is None else f"{fleet['p95_ms']:.0f} ms"
    return (
        f"{fleet['sampled_per_s']:.1f} frames/s sampled, {fleet['analysed_per_s']:.1f} analysed "
        f"({fleet['slowest_camera_per_s']:.1f} to {fleet['fastest_camera_per_s']:.1f} by camera, "
        f"{fleet['gated_percent'] or 0:.0f}% gated, {fleet['faces_per_frame'] or 0:.1f} faces "
        f"each), {fleet['lost_percent'] or 0:.1f}% lost ({lost or 'none'}), p95 {p95}."
    )
