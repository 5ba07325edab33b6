"""Which stage the processor time of a frame goes to.

Another thread looks each millisecond where the work is; the processor time that has passed since it
last looked is put to the account of that line's stage. Native code that lets nobody in meanwhile is
seen at its end: its time is that of the line that called it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import surveil
from surveil.measuring.report import Figure, Table

EVERY_S = 0.001
_ROOT = str(Path(surveil.__file__).parent) + "/"

OTHER = "other"
Rule = tuple[str, str, str]

STAGES: tuple[Rule, ...] = (
    ("sources/", "", "decode"),
    ("detect/", "crops", "crops"),
    ("detect/cascade.py", "_crop", "crops"),
    ("detect/area.py", "", "pyramid"),
    ("detect/halving.py", "", "pyramid"),
    ("detect/canvas.py", "", "pyramid"),
    ("detect/fast.py", "_paint", "pyramid"),
    ("detect/", "", "candidates"),
    ("gate/", "", "gate"),
    ("workers/inferring/gated.py", "", "gate"),
    ("track/", "", "track"),
    ("classify/", "", "expression"),
    ("workers/inferring/score_memory.py", "", "expression"),
    ("intervals/", "", "smoothing"),
)
"""Folder or file, the function in it (any, where empty), and the stage: the first that fits one of
the nearest functions."""

NETWORKS: tuple[Rule, ...] = (
    ("detect/cascade.py", "refine", "R-Net"),
    ("detect/cascade.py", "look", "O-Net"),
    ("detect/", "", "P-Net"),
    ("classify/", "", "expression"),
)
"""The same for a network that runs, by who called it."""

NEAREST = 4
ENGINES = "engines/"
ORDER = (
    *("decode", "gate", "pyramid", "P-Net", "candidates", "crops", "R-Net", "O-Net"),
    *("track", "expression", "smoothing", OTHER),
)
"""As a frame goes through them."""


def stage_of(frame: FrameType | None) -> str:
    """Return the stage of a line that is worked on, by the functions that led to it."""
    near: list[tuple[str, str]] = []
    runs_network = False
    while frame is not None and len(near) < NEAREST:
        path = frame.f_code.co_filename
        if path.startswith(_ROOT):
            place = path.removeprefix(_ROOT)
            runs_network |= place.startswith(ENGINES)
            if not place.startswith(ENGINES):
                near.append((place, frame.f_code.co_name))
        frame = frame.f_back
    for start, function, stage in NETWORKS if runs_network else STAGES:
        if any(place.startswith(start) and function in ("", name) for place, name in near):
            return stage
    return OTHER


@contextmanager
def by_stage() -> Iterator[dict[str, float]]:
    """Account the processor time of what stands within; seconds by stage, filled in at the end.

    The process should do nothing else meanwhile.
    """
    spent: dict[str, float] = dict.fromkeys(ORDER, 0.0)
    ended = threading.Event()
    observed = threading.get_ident()

    def watch() -> None:
        last_s = time.process_time()
        while not ended.wait(EVERY_S):
            now_s = time.process_time()
            spent[stage_of(sys._current_frames().get(observed))] += now_s - last_s
            last_s = now_s

    watcher = threading.Thread(target=watch, name="stages", daemon=True)
    watcher.start()
    try:
        yield spent
    finally:
        ended.set()
        watcher.join()


def stage_table(spent: Mapping[str, tuple[Mapping[str, float], int]], unit: str) -> Table:
    """Return milliseconds by stage, a column for each way.

    Args:
        spent: By way: seconds by stage, and for how many units.
        unit: What is counted: ``ms/frame``.
    """
    rows = [
        {
            "stage": stage,
            **{way: 1000 * found[stage] / units for way, (found, units) in spent.items()},
        }
        for stage in ORDER
        if any(found[stage] for found, _ in spent.values())
    ]
    figures = [Figure("stage", unit), *(Figure(way, way, 2) for way in spent)]
    return Table("stages", figures, rows)
