"""Small data for the commands of training."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.fer2013 import write_fer2013


@pytest.fixture
def fer_dir(tmp_path: Path) -> Path:
    return write_fer2013(tmp_path / "fer2013")
