"""Models with random weights, quick to load and written as real ones are."""

from __future__ import annotations

from pathlib import Path

import torch

from surveil.classify import ModelFacts, PixelFacts, build_network, write_model
from surveil.domain import EMOTIONS, Emotion
from surveil.models.architecture import ResNetSmall


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
    torch.manual_seed(0)
    architecture = ResNetSmall(width=8, blocks=(1, 1, 1, 1))
    network = build_network(architecture, len(classes))
    if always is not None:
        with torch.no_grad():
            network.fc.weight.zero_()
            network.fc.bias.zero_()
            network.fc.bias[classes.index(always)] = 3.0
    facts = ModelFacts(
        name=folder.name,
        architecture=architecture,
        classes=tuple(classes),
        input=PixelFacts(frame_px=48, crop_px=44, mean=0.5, std=0.25),
        temperature=temperature,
        training={},
        code_version="0",
        weights_sha256="0" * 64,
    )
    write_model(folder, facts, network)
    return folder
