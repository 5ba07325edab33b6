"""The demo as its user runs it: every process, and every command it recommends."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from kit.models import write_small_model

from surveil.domain import Emotion

SURVEIL = [sys.executable, "-m", "surveil.cli.main"]


@pytest.fixture
def cheerful_model(tmp_path: Path) -> Path:
    """A model that finds everybody happy: the demo is about what comes before and after it."""
    return write_small_model(tmp_path / "cheerful", always=Emotion.HAPPY)


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
