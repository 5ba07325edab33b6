"""Faces that are learned at once, and a run that takes a second."""

from __future__ import annotations

import numpy as np

from surveil.training.config import TrainConfig
from surveil.training.faces import Faces


def make_faces(count: int, split: str, *, channels: int = 1, source: str = "fer2013") -> Faces:
    """Faces with a bright bar whose place tells the label."""
    random = np.random.default_rng(len(split))
    labels = np.arange(count) % 7
    depth = () if channels == 1 else (channels,)
    frames = random.integers(0, 60, (count, 48, 48, *depth), dtype=np.uint8)
    for index, label in enumerate(labels):
        frames[index, 6 * label + 2 : 6 * label + 8, 4:44] += 150
    return Faces(
        frames=frames,
        labels=labels.astype(np.int64),
        votes=np.eye(7, dtype=np.float32)[labels],
        splits=np.full(count, split, "<U10"),
        sources=np.full(count, source, "<U32"),
        people=np.full(count, "", "<U64"),
        names=np.array([str(index) for index in range(count)], "<U96"),
    )


TRAIN, VALIDATION = make_faces(56, "train"), make_faces(14, "validation")


def tiny_config(**changes: object) -> TrainConfig:
    """A run of 3 epochs on a network of width 8."""
    content: dict[str, object] = {
        "name": "tiny", "epochs": 3, "batch": 14, "precision": "float32", "ema": 0.5,
        "architecture": {"kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1]},
        "phases": [{"until": 0.5, "px": 24}, {"until": 1.0, "px": 32}],
        "optimiser": {"rate": 0.05, "warmup_epochs": 1},
    }  # fmt: skip
    return TrainConfig.model_validate(content | changes)
