"""The demo as its user runs it: every process, and every command it recommends."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from surveil.classify import ModelFacts, PixelFacts, build_network, write_model
from surveil.classify.network import Architecture
from surveil.domain import EMOTIONS, Emotion

SURVEIL = [sys.executable, "-m", "surveil.cli.main"]


@pytest.fixture
def cheerful_model(tmp_path: Path) -> Path:
    """A model that finds everybody happy: the demo is about what comes before and after it."""
    architecture = Architecture(width=8, blocks=(1, 1, 1, 1))
    network = build_network(architecture, len(EMOTIONS)).eval()
    with torch.no_grad():
        network.fc.weight.zero_()
        network.fc.bias.zero_()
        network.fc.bias[EMOTIONS.index(Emotion.HAPPY)] = 3.0
    facts = ModelFacts(
        name="cheerful",
        architecture=architecture,
        classes=tuple(EMOTIONS),
        input=PixelFacts(frame_px=48, crop_px=44, mean=0.5, std=0.25),
        temperature=1.0,
        training={},
        code_version="0",
        weights_sha256="0" * 64,
    )
    write_model(tmp_path / "cheerful", facts, network)
    return tmp_path / "cheerful"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_demo_shows_all_it_should_and_its_commands_work(
    tmp_path: Path, cheerful_model: Path
) -> None:
    arguments = ["--seconds", "25", "--keep", "demo", "--model", str(cheerful_model)]
    demo = subprocess.run(
        [*SURVEIL, "demo", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=280
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    password = (tmp_path / "demo" / "camera-password").read_text(encoding="utf-8").strip()
    assert password not in demo.stdout + demo.stderr
    assert password not in (tmp_path / "demo" / "surveil.log").read_text(encoding="utf-8")
    further = [line.partition("surveil ")[2] for line in demo.stdout.splitlines()[-5:]]
    assert len(further) == 5
    for line in further:
        ended = subprocess.run(
            [*SURVEIL, *shlex.split(line)], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 0, f"{line}\n{ended.stderr}"
        assert len(ended.stdout.splitlines()) > 1, line
