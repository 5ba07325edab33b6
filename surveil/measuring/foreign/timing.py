"""Run something over frames as often as standard input says, and print what it took.

Each line of standard input is one round; the answer is one line of JSON with processor and wall
seconds, faces and frames.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any


def serve(frames: Sequence[Any], look: Callable[[Any], int], versions: dict[str, str]) -> None:
    """Answer rounds until standard input ends; ``look`` returns the number of faces of a frame."""
    look(frames[0])  # warms up
    _write({"versions": versions})
    for _ in sys.stdin:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        faces = sum(look(frame) for frame in frames)
        found = {"cpu_s": time.process_time() - cpu_s, "wall_s": time.perf_counter() - wall_s}
        _write({**found, "faces": faces, "frames": len(frames)})


def _write(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
