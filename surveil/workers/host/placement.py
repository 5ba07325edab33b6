"""Which inference worker of this host takes which cameras.

Placement is decided once, when the daemon starts, from the configuration alone: the same one places
alike. A camera that another configuration gives to another worker begins a new run there, and what
the old worker's spool still holds is adopted.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from surveil.config import Camera, Fleet
from surveil.engines.driver import has_gpu_driver

FPS_OF_A_WORKER = 20.0
"""Sampled frames a second that ``auto`` gives to one worker while there are cores left; half of
what a core analyses in a quiet hour, so that a second worker's memory is not spent for nothing."""

MOST_WORKERS = 64

CEILING_CPU_BYTES, CEILING_GPU_BYTES = 1 << 30, 1 << 32
"""Several times what cameras of 1080p need; PyTorch with CUDA takes more from the start."""

MOST_THREADS = 8
"""Small networks gain nothing from more."""

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def workers_for(fleet: Fleet, cameras: Sequence[Camera], cores: int) -> int:
    """Return how many inference workers a host needs for some cameras: at least one.

    On a GPU ``auto`` is one: there, batches over all cameras count for more.
    """
    wanted = fleet.inference.workers
    if wanted != "auto":
        count = wanted
    elif uses_gpu(fleet):
        count = 1
    else:
        sampled_fps = sum(camera.sample_fps for camera in cameras)
        count = min(cores, math.ceil(sampled_fps / FPS_OF_A_WORKER))
    return max(1, min(count, len(cameras), MOST_WORKERS))


def uses_gpu(fleet: Fleet) -> bool:
    """Return whether networks are to run on a GPU of this host, as far as can be told cheaply."""
    return fleet.device != "cpu" and has_gpu_driver()


def memory_ceiling(fleet: Fleet) -> int:
    """Return the bytes that an inference worker may hold before it is renewed."""
    wanted = fleet.memory.inference
    if wanted != "auto":
        return wanted
    return CEILING_GPU_BYTES if uses_gpu(fleet) else CEILING_CPU_BYTES


def threads_each(workers: int, cores: int) -> int:
    """Return how many threads the networks of each worker may use; a core is left to decoding."""
    return max(1, min((cores - 1) // workers, MOST_THREADS))


def place(cameras: Sequence[Camera], workers: int) -> list[list[Camera]]:
    """Return each worker's cameras, in the order given, with loads as even as can be.

    The busiest camera is placed first, each with the worker that has least to do (longest
    processing time first; Graham 1969). Loads, in sampled frames a second, differ by no more than
    those of one camera.
    """
    loads = [0.0] * workers
    worker_of = {}
    for camera in sorted(cameras, key=lambda camera: (-camera.sample_fps, camera.id)):
        lightest = loads.index(min(loads))
        worker_of[camera.id] = lightest
        loads[lightest] += camera.sample_fps
    return [[c for c in cameras if worker_of[c.id] == number] for number in range(workers)]


def names(workers: int) -> list[str]:
    """Return the names of inference workers and of their spools."""
    if workers == 1:
        return ["inference"]
    return [f"inference-{number}" for number in range(workers)]


def usable_cores() -> int:
    """Return how many CPUs this process may use at a time, its control group's quota included."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _quota(_QUOTA)))


def _quota(path: Path) -> int:
    """Return the whole CPUs that a control group grants, or a great many."""
    try:
        quota_us, period_us = path.read_text(encoding="ascii").split()
        return max(1, int(quota_us) // int(period_us))
    except (OSError, ValueError):  # none is set ("max"), or the system has no such thing
        return 1 << 20
