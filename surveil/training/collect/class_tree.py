"""Faces as folders that other tools read: ``SPLIT/CLASS/NAME.png``."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import cv2

from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.replacing import write_whole
from surveil.training.faces import Faces


def write_class_tree(faces: Faces, out: Path) -> Counter[str]:
    """Write each face without loss into ``out/SPLIT/CLASS/`` and return how many each split has.

    A file's name is a number and the beginning of its pixels' hash: a name within a source may be
    a path, or tell who is seen. Equal faces stay as many as they are.

    Raises:
        ConfigError: The folder holds something already: faces of before would be among these.
        OSError: A file cannot be written.
    """
    if out.is_dir() and any(out.iterdir()):
        raise ConfigError(f"{out}: is not empty; give a new folder, or delete what is in it")
    counts: Counter[str] = Counter()
    rows = zip(faces.frames, faces.labels.tolist(), faces.splits.tolist(), strict=True)
    for at, (frame, label, split) in enumerate(rows):
        folder = out / split / EMOTIONS[label].value
        folder.mkdir(parents=True, exist_ok=True)
        stored = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        digest = hashlib.sha256(frame.tobytes()).hexdigest()[:12]
        write_whole(folder / f"{at:06d}-{digest}.png", cv2.imencode(".png", stored)[1].tobytes())
        counts[split] += 1
    return counts
