"""Small models and tiny training runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from surveil.classify.networks import build_network, write_model
from surveil.domain import EMOTIONS, Emotion
from surveil.models import ModelFacts, PixelFacts
from surveil.models.architecture import ResNetSmall
from surveil.training.config import TrainConfig
from surveil.training.faces import Faces


def write_small_model(
    folder: Path,
    *,
    temperature: float = 1.0,
    always: Emotion | None = None,
    classes: tuple[Emotion, ...] = EMOTIONS,
) -> Path:
    """Write a small model named after its folder, and return the folder.

    Args:
        folder: Where to.
        temperature: Of its scores.
        always: The emotion that it sees in every face; by default, whatever its weights say.
        classes: That it tells apart.
    """
    files = _small_model(folder.name, temperature, always, classes)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@cache  # conversion to ONNX takes a second each time
def _small_model(
    name: str, temperature: float, always: Emotion | None, classes: tuple[Emotion, ...]
) -> dict[str, bytes]:
    torch.manual_seed(0)
    architecture = ResNetSmall(width=8, blocks=(1, 1, 1, 1))
    network = build_network(architecture, len(classes))
    if always is not None:
        with torch.no_grad():
            network.fc.weight.zero_()
            network.fc.bias.zero_()
            network.fc.bias[classes.index(always)] = 3.0
    facts = ModelFacts(
        name=name,
        architecture=architecture,
        classes=tuple(classes),
        input=PixelFacts(frame_px=48, crop_px=44, mean=0.5, std=0.25),
        temperature=temperature,
        training={},
        code_version="0",
        weights_sha256="0" * 64,
    )
    with TemporaryDirectory() as folder:
        write_model(Path(folder), facts, network)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


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
