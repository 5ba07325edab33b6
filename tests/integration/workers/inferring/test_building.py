"""On a CPU a whole pipeline is built without PyTorch, from the first start on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from kit.models import write_small_model

BUILD = """
import sys
from datetime import UTC, datetime
import numpy as np
from surveil.domain import Frame
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.building import FaceOptions, build_pipeline
pipeline = build_pipeline(
    {"door": FaceOptions(min_face_px=40, min_score=0.9)}, model=sys.argv[1], device="cpu",
    smoothing_tau_s=0.3, hysteresis=0.2, telemetry=LocalTelemetry(),
)
blank = np.zeros((120, 160, 3), np.uint8)
frame = Frame("door", "run", 0, datetime(2026, 1, 1, tzinfo=UTC), 0.0, blank)
print(pipeline.process([frame])[0].faces)
print(*({"torch", "torchvision", "facenet_pytorch", "onnx"} & set(sys.modules)))
"""


@pytest.mark.parametrize("model", ["small", "emotion-resnet18"])
def test_the_first_start_needs_no_pytorch(model: str, tmp_path: Path) -> None:
    if model == "small":
        model = str(write_small_model(tmp_path / "small"))
    done = subprocess.run(
        [sys.executable, "-c", BUILD, model], capture_output=True, text=True, check=False
    )
    assert (done.stdout.splitlines(), done.stderr) == (["()", ""], "")
