"""A small model with random weights, written as a real one is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from surveil.classify import Architecture, ModelFacts, PixelFacts, build_network, write_model
from surveil.domain import EMOTIONS


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    architecture = Architecture(width=8, blocks=(1, 1, 1, 1))
    facts = ModelFacts(
        name="tiny",
        architecture=architecture,
        classes=tuple(emotion.value for emotion in EMOTIONS),
        input=PixelFacts(frame_px=48, crop_px=44, mean=0.5, std=0.25),
        temperature=1.5,
        training={},
        code_version="0",
        weights_sha256="0" * 64,
    )
    folder = tmp_path / "tiny"
    write_model(folder, facts, build_network(architecture, len(EMOTIONS)))
    return folder
