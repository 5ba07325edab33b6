"""A small untrained model in a folder, and faces of noise to try it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from surveil.classify import (
    ModelFacts,
    PixelFacts,
    StoredModel,
    build_network,
    read_model,
    write_model,
)
from surveil.domain import EMOTIONS
from surveil.models.architecture import ResNetSmall
from surveil.training.faces import Faces

SEVEN = tuple(emotion.value for emotion in EMOTIONS)
FOUR = ("happy", "sad", "surprise", "neutral")


def model_in(
    folder: Path, seed: int = 1, classes: tuple[str, ...] = SEVEN, **training: Any
) -> StoredModel:
    torch.manual_seed(seed)
    architecture = ResNetSmall(width=8, blocks=(1, 1, 1, 1))
    facts = ModelFacts(
        name=folder.name,
        architecture=architecture,
        classes=classes,
        input=PixelFacts(frame_px=24, crop_px=20, mean=0.5, std=0.25),
        temperature=1.1,
        training={"epochs": 3, "epochs_done": 3} | training,
        code_version="0",
        weights_sha256="0" * 64,
    )
    write_model(folder, facts, build_network(architecture, len(classes)))
    return read_model(folder)


def faces_for(count: int = 56) -> Faces:
    random = np.random.default_rng(7)
    at = np.arange(count)
    return Faces(
        frames=random.integers(0, 256, (count, 24, 24), dtype=np.uint8),
        labels=at % 7,
        votes=np.eye(7, dtype=np.float32)[at % 7],
        agreed=at % 7,
        splits=np.array(["test", "validation", "test", "train"])[at // 7 % 4],
        sources=np.array(["fer2013", "<own> & \"more\""])[at // 28],
        people=np.full(count, ""),
        names=np.array([f"{index}.png" for index in at]),
        groups=np.array(["north", "south"])[at % 2],
        sides_px=np.where(at < 28, np.nan, 20.0 + at),
    )  # fmt: skip
