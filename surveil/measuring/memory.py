"""Whether a daemon's memory grows: what each role holds, over many frames."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surveil.errors import UnavailableError
from surveil.measuring.fleet import FleetLoad, Moment, watching
from surveil.measuring.report import Figure, Report

LOOK_EVERY_S = 5.0
WARM_UP = 0.2
"""Part of the frames before memory is looked at: buffers, caches and pools fill at first."""

PATIENCE = 20.0
"""A daemon is given up that takes so many times longer than its cameras send."""

MIB = 1 << 20
FIGURES = (
    Figure("role", "role"),
    Figure("first_mib", "MiB first", 1),
    Figure("last_mib", "MiB last", 1),
    Figure("most_mib", "MiB most", 1),
    Figure("mb_per_hour", "MB an hour", 2),
    Figure("error_mb_per_hour", "+-", 2),
)
NOTES = (
    "Private memory and the part of what is shared, by role. MB an hour is the slope of a straight "
    "line through all looks after the warm-up, in real time; +- is its standard error.",
    "supervisor and redis hold what they were told lately, so they grow with a log or a stream "
    "that is being filled: see `first` and `last`, too.",
)


@dataclass(frozen=True, slots=True)
class MemoryLoad:
    """What is watched: ``fleet`` until so many ``frames`` were analysed."""

    fleet: FleetLoad
    frames: int = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line by least squares.

    Attributes:
        slope: Per unit of x.
        error: Standard error of the slope; 0 where fewer than three points give none.
    """

    slope: float
    error: float


def fit_line(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Return the line through some points, whose x are not all the same."""
    count = len(xs)
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    spread = sum((x - mean_x) ** 2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    rests = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in zip(xs, ys, strict=True))
    error = (rests / (count - 2) / spread) ** 0.5 if count > 2 else 0.0
    return Line(slope, error)


def measure_memory(load: MemoryLoad) -> Report:
    """Run a daemon on simulated cameras until it has analysed the frames; say how memory went.

    Raises:
        SurveilError: The daemon ended, or a clip cannot be served.
        UnavailableError: It analyses far less than its cameras send.
    """
    moments: list[Moment] = []
    due_s = load.frames / (load.fleet.cameras * load.fleet.sample_fps)
    with watching(load.fleet) as look:
        until_s = time.monotonic() + PATIENCE * due_s
        while (analysed := analysed_of(moment := look())) < load.frames:
            if analysed >= WARM_UP * load.frames:
                moments.append(moment)
            if time.monotonic() > until_s:
                raise UnavailableError(f"only {analysed:.0f} of {load.frames} frames were analysed")
            time.sleep(min(LOOK_EVERY_S, due_s / 20))
        moments.append(moment)
    return report_of(load, moments)


def analysed_of(moment: Moment) -> float:
    """Return how many frames had been analysed."""
    return moment.metrics.total("surveil_frames_analysed_total")


def report_of(load: MemoryLoad, moments: Sequence[Moment]) -> Report:
    """Return what some looks at a daemon say; there are at least two."""
    hours = [moment.at_s / 3600 for moment in moments]
    roles = sorted(set.intersection(*(set(moment.usages.by_role) for moment in moments)))
    held = {role: [_held(moment, role) for moment in moments] for role in roles}
    whole = [sum(found) for found in zip(*held.values(), strict=True)]
    rows: list[dict[str, Any]] = []
    for role, found in {"daemon": whole, **held}.items():
        line = fit_line(hours, found)
        rows.append(
            {
                "role": role,
                "first_mib": found[0] / MIB,
                "last_mib": found[-1] / MIB,
                "most_mib": max(found) / MIB,
                "mb_per_hour": line.slope / 1e6,
                "error_mb_per_hour": line.error / 1e6,
            }
        )
    settings = {
        "cameras": load.fleet.cameras,
        "sample_fps": load.fleet.sample_fps,
        "frames": load.frames,
        "looks": len(moments),
        "minutes": round((moments[-1].at_s - moments[0].at_s) / 60, 1),
        **load.fleet.settings,
    }
    return Report("memory", settings, FIGURES, rows, NOTES)


def _held(moment: Moment, role: str) -> float:
    used = moment.usages.by_role[role]
    return used.private_bytes + used.shared_bytes
