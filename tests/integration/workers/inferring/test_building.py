"""Networks that are kept are loaded without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from kit.models import write_small_model

BUILD = """
import pathlib, sys
import numpy as np
import surveil.workers.inferring.building
from surveil.classify import Classifier
model, cache_dir = (pathlib.Path(word) for word in sys.argv[1:])
classifier = Classifier.load(model, threads=1, cache_dir=cache_dir)
print(classifier.classify([np.full((50, 50, 3), 90, np.uint8)]).argmax())
print(*({"torch", "torchvision", "facenet_pytorch"} & set(sys.modules)))
"""


def built(model: Path, cache_dir: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(model), str(cache_dir)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.timeout(600)  # two imports of PyTorch and a conversion
def test_a_second_start_needs_no_pytorch(tmp_path: Path) -> None:
    model, cache_dir = write_small_model(tmp_path / "tiny"), tmp_path / "cache"
    first, _ = built(model, cache_dir)
    second, loaded = built(model, cache_dir)
    assert (second, loaded) == (first, "")
