"""Small data as the real collections have it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from kit.fer2013 import write_fer2013


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def fer_dir(tmp_path: Path) -> Path:
    return write_fer2013(tmp_path / "fer2013")
