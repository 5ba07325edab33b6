"""A small model with random weights, written as a real one is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from kit.models import write_small_model


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return write_small_model(tmp_path / "tiny", temperature=1.5)
