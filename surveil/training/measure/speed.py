"""How long a face takes, from its crop to its scores, and how much memory that needs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from surveil.classify import Classifier
from surveil.classify.networks import StoredModel
from surveil.engines import EngineName
from surveil.errors import SurveilError
from surveil.training.records.figures import Speed

BATCHES = (1, 4, 16, 64)
CROP_PX = 96
"""Side of the crops: a face some two metres from a camera."""
LEAST_CALLS, MOST_CALLS = 10, 200
STATUS = Path("/proc/self/status")
_CHILD_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Setup:
    """What a network runs on."""

    engine: EngineName
    device: str
    threads: int


def measure(
    model: StoredModel,
    *,
    device: str = "cpu",
    threads: int | None = None,
    batches: Sequence[int] = BATCHES,
    budget_s: float = 2.0,
) -> tuple[list[Speed], int | None]:
    """Return a model's times, and its memory in bytes; see the parts below."""
    times = time_faces(model, device=device, threads=threads, batches=batches, budget_s=budget_s)
    return times, memory_bytes(model.folder, device, threads)


def time_faces(
    model: StoredModel,
    *,
    device: str = "cpu",
    threads: int | None = None,
    batches: Sequence[int] = BATCHES,
    budget_s: float = 2.0,
) -> list[Speed]:
    """Time :meth:`Classifier.classify` with the engine of production and with PyTorch eager.

    Wall clock, so other work on the machine counts; the median bears it best. On a CPU the time of
    the processor is taken as well, which tells about the same on a busy machine.

    Args:
        model: Handed over.
        device: ``cpu`` or ``cuda:N``.
        threads: CPU threads of either engine; ``None`` takes as many as PyTorch does.
        batches: Faces at once.
        budget_s: For each engine and batch; ten calls are made in any case.
    """
    count = threads or torch.get_num_threads()
    crops = crops_of(max(batches))
    production = EngineName.OPENVINO if device == "cpu" else EngineName.TORCH
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        return [
            _timing(classifier, Setup(engine, device, count), crops[:batch], budget_s)
            for engine in dict.fromkeys((production, EngineName.TORCH))
            for classifier in [_classifier(model, engine, device, count)]
            for batch in batches
        ]
    finally:
        torch.set_num_threads(before)


def _classifier(model: StoredModel, engine: EngineName, device: str, threads: int) -> Classifier:
    return Classifier.load(model.folder, device, engine=engine, threads=threads)


def crops_of(count: int) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Return so many different crops ``(96, 96, 3)``, the same each time."""
    random = np.random.default_rng(0)
    return list(random.integers(0, 256, (count, CROP_PX, CROP_PX, 3), dtype=np.uint8))


def _timing(
    classifier: Classifier,
    setup: Setup,
    crops: list[np.ndarray[Any, np.dtype[np.uint8]]],
    budget_s: float,
) -> Speed:
    for _ in range(3):
        classifier.classify(crops)
    taken_s: list[float] = []
    worked_s: list[float] = []
    while len(taken_s) < LEAST_CALLS or (sum(taken_s) < budget_s and len(taken_s) < MOST_CALLS):
        began, worked = time.perf_counter(), time.process_time()
        classifier.classify(crops)
        taken_s.append(time.perf_counter() - began)
        worked_s.append(time.process_time() - worked)
    p50_ms, p95_ms = per_face_ms(taken_s, len(crops))
    engine = setup.engine.value
    return Speed(
        engine=engine, device=setup.device, threads=setup.threads, batch=len(crops),
        p50_ms=round(p50_ms, 3), p95_ms=round(p95_ms, 3),
        cpu_ms=round(per_face_ms(worked_s, len(crops))[0], 3) if setup.device == "cpu" else None,
    )  # fmt: skip


def per_face_ms(taken_s: Sequence[float], faces: int) -> tuple[float, float]:
    """Return median and 95th percentile for one face, given how long calls with ``faces`` took."""
    p50, p95 = np.percentile(taken_s, (50, 95)) * 1000 / faces
    return float(p50), float(p95)


def memory_bytes(folder: Path, device: str, threads: int | None) -> int | None:
    """Return how much a fresh process grows by reading a model and classifying 64 faces.

    On a GPU it is the most that PyTorch had allocated there. ``None`` where the operating system
    does not say.
    """
    if device == "cpu" and not STATUS.exists():
        return None
    command = [sys.executable, "-P", "-m", "surveil.training.measure.speed", str(folder), device]
    command.append(str(threads or torch.get_num_threads()))
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_CHILD_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", "") or str(error)
        raise SurveilError(f"memory could not be measured: {detail.strip()[-400:]}") from error
    return int(json.loads(done.stdout)["bytes"])


def _grown_bytes(folder: Path, device: str, threads: int) -> int:
    """Return the growth of this process; all libraries are imported by now. Runs in the child."""
    torch.set_num_threads(threads)
    crops = crops_of(max(BATCHES))
    before = _resident_kib("VmRSS") if device == "cpu" else 0
    classifier = Classifier.load(folder, device, threads=threads)
    classifier.classify(crops)
    if device != "cpu":
        return int(torch.cuda.max_memory_allocated(device))
    return max(_resident_kib("VmHWM") - before, 0) * 1024


def _resident_kib(what: str) -> int:
    """Return what Linux holds in memory of this process, or the most it ever held.

    ``getrusage`` would not do: its peak survives ``exec`` and may be that of the parent.
    """
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))


if __name__ == "__main__":
    grown = _grown_bytes(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    sys.stdout.write(json.dumps({"bytes": grown}))
