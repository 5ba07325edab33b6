"""What a host carries, as ``surveil doctor --save`` measured it, for the placement."""

from __future__ import annotations

import json
import math
import socket
from pathlib import Path

from surveil.errors import ConfigError
from surveil.replacing import write_whole

MOST_BYTES = 4096


def capacity_path(data_dir: Path) -> Path:
    """Return where this machine's measure lies, apart from others': hosts may share the disk."""
    return data_dir / f"capacity-{socket.gethostname()}.json"


def save_capacity(data_dir: Path, capacity_fps: float, cores: int) -> Path:
    """Keep how many sampled frames a second this machine carries; return where.

    Raises:
        ConfigError: The directory cannot be written.
    """
    path = capacity_path(data_dir)
    words = {"capacity_fps": round(capacity_fps, 1), "cores": cores}
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, json.dumps(words).encode() + b"\n")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; is data_dir right?") from error
    return path


def load_capacity(data_dir: Path, cores: int) -> float | None:
    """Return what was measured on this machine; None where nothing was, or on other cores.

    A file that is damaged counts as none: a default is there.
    """
    try:
        with capacity_path(data_dir).open("rb") as file:
            words = json.loads(file.read(MOST_BYTES))
        capacity_fps = float(words["capacity_fps"])
        is_usable = words["cores"] == cores and math.isfinite(capacity_fps) and capacity_fps > 0
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return capacity_fps if is_usable else None
