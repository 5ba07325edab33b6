"""How many of a fleet's cameras this host carries, by a short run of a daemon with its settings."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from surveil.config import Fleet
from surveil.errors import ConfigError
from surveil.measuring.fleet import FleetLoad, measure_fleet
from surveil.measuring.report import Figure, Report
from surveil.measuring.scene import write_scene
from surveil.workers.host.placement import usable_cores, workers_for

USED_MOST = 0.8
"""Part of a core that may be in use on average: what is above it are peaks and other programs."""
CAMERAS = 2
"""Simulated at most: enough to see a camera's cost on a host that carries few."""

FIGURES = (
    Figure("part", "part"),
    Figure("cores", "cores needed", 2),
    Figure("limit", "cores there", 2),
    Figure("carries", "cameras carried", 0),
)
NOTE = (
    "Costs are processor time of a daemon on simulated cameras; yours cost more if their pictures "
    "are larger or hold more faces: give --clip, a recording of one of them."
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time a second, in cores.

    Attributes:
        inference: Of each sampled frame a second.
        capture: Of each camera.
        recording: Of each camera: recorder, alerter and Redis.
        fixed: Of the supervisor, whatever the cameras.
    """

    inference: float
    capture: float
    recording: float
    fixed: float


def examine(fleet: Fleet, clips: Sequence[Path], seconds: float) -> Report:
    """Run a daemon with a fleet's settings on simulated cameras and say what this host carries.

    Without clips the cameras show a scene of 1280x720 at 25 fps.

    Raises:
        ConfigError: No camera of the fleet is enabled.
        SurveilError: The daemon ended, or a clip cannot be served.
        UnavailableError: A simulated camera was not analysed in time.
    """
    load = load_of(fleet, clips, seconds)
    with tempfile.TemporaryDirectory(prefix="surveil-doctor-") as folder:
        if not clips:
            load = replace(load, clips=(write_scene(Path(folder) / "scene.mp4"),))
        measured = measure_fleet(load)
    return judge(fleet, cost_of(measured.rows, load), cores=usable_cores())


def load_of(fleet: Fleet, clips: Sequence[Path], seconds: float) -> FleetLoad:
    """Return a load with a fleet's settings; of what cameras differ in, what costs most.

    Raises:
        ConfigError: No camera of the fleet is enabled.
    """
    cameras = [camera for camera in fleet.cameras.values() if camera.enabled]
    if not cameras:
        raise ConfigError("no camera of the fleet is enabled")
    settings: dict[str, Any] = {
        f"inference.{name}": value for name, value in fleet.inference.model_dump().items()
    }
    settings |= {
        "device": fleet.device,
        "model": fleet.model,
        "taxonomy": fleet.taxonomy,
        "interval_s": fleet.interval_s,
        "defaults.min_face_px": min(camera.min_face_px for camera in cameras),
        "defaults.min_score": min(camera.min_score for camera in cameras),
        "defaults.gate": all(camera.gate for camera in cameras),
    }
    fps = sum(camera.sample_fps for camera in cameras) / len(cameras)
    return FleetLoad(min(CAMERAS, len(cameras)), seconds, clips, fps, settings)


def cost_of(rows: Sequence[Mapping[str, Any]], load: FleetLoad) -> Cost:
    """Return what the report of a fleet says a camera costs."""
    analysed_per_s = rows[0]["analysed_per_s"]
    cores = {row["role"]: row["core_percent"] / 100 for row in rows[1:]}
    inference = sum(used for role, used in cores.items() if role.startswith("inference"))
    others = sum(cores.get(role, 0.0) for role in ("recorder", "alerter", "redis"))
    return Cost(
        inference=inference / analysed_per_s if analysed_per_s else math.inf,
        capture=cores.get("capture", 0.0) / load.cameras,
        recording=others / load.cameras,
        fixed=cores.get("supervisor", 0.0),
    )


def judge(fleet: Fleet, cost: Cost, *, cores: int) -> Report:
    """Return what of a fleet some cores carry, what limits it, and which setting would help."""
    cameras = [camera for camera in fleet.cameras.values() if camera.enabled]
    count = len(cameras)
    fps = sum(camera.sample_fps for camera in cameras) / count
    workers = workers_for(fleet, cameras, cores)
    # A fleet of more cameras would get more workers.
    most_workers = cores if fleet.inference.workers == "auto" else min(workers, cores)
    looking = cost.inference * fps
    room = cores * USED_MOST
    each = looking + cost.capture + cost.recording
    parts = {
        "inference": (looking * count, most_workers * USED_MOST, looking),
        "recording": (cost.recording * count, USED_MOST, cost.recording),
        "whole daemon": (each * count + cost.fixed, room, each),
    }
    rows: list[dict[str, Any]] = [
        {
            "part": part,
            "cores": needed,
            "limit": limit,
            "carries": _fit(limit - (cost.fixed if part == "whole daemon" else 0.0), one),
        }
        for part, (needed, limit, one) in parts.items()
    ]
    least = min(rows, key=lambda row: row["carries"])
    carries = least["carries"]
    verdict = f"This host carries {carries} such cameras; the fleet has {count}. "
    verdict += f"What limits it: {least['part']}."
    advice = [] if carries >= count else _advice(fleet, cost, carries, count, workers, cores)
    settings = {"cameras": count, "sample_fps": round(fps, 2), "inference_workers": workers}
    settings |= {"carries": carries, "limited_by": least["part"]}
    return Report("doctor", settings, FIGURES, rows, (verdict, *advice, NOTE))


def _fit(room: float, one: float) -> int:
    """Return how many of one cost fit; where it is nothing, as many as a fleet may have."""
    return max(0, min(10_000, math.floor(room / one + 1e-9))) if one > 0 else 10_000


def _advice(
    fleet: Fleet, cost: Cost, carries: int, count: int, workers: int, cores: int
) -> list[str]:
    """Return which settings would help, those whose gain is known first."""
    cameras = [camera for camera in fleet.cameras.values() if camera.enabled]
    fps = sum(camera.sample_fps for camera in cameras) / count
    found = []
    fixed = cost.capture + cost.recording + cost.fixed / count
    by_all = cores * USED_MOST / count - fixed
    by_workers = min(workers, cores) * USED_MOST / count
    possible = min(by_all, by_workers) / cost.inference if cost.inference else fps
    if 0.5 <= possible < fps:
        found.append(f"sample_fps {math.floor(possible * 10) / 10:g} would carry all {count}.")
    if fleet.inference.workers != "auto" and workers < min(cores, count):
        found.append(f"inference.workers {workers} leaves cores idle: take auto.")
    if fleet.inference.detection == "exact":
        found.append("inference.detection fast costs about half; docs/detection.md has its loss.")
    if fleet.inference.precision == "float32":
        found.append("inference.precision int8 classifies in a third of the time.")
    if not all(camera.gate for camera in cameras):
        found.append("gate true spares frames where nothing moves.")
    smallest = min(camera.min_face_px for camera in cameras)
    if smallest < 40:
        found.append(f"min_face_px {smallest} is small: 40 costs a part of it.")
    missing = math.ceil(cores * count / carries) if carries else None
    if missing and missing > cores:
        found.append(f"About {missing} such cores would carry it as it is.")
    return found
