"""A run's folder is held by one process, and free again after any end of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from surveil.errors import InUseError
from surveil.training.errors import CheckpointError
from surveil.training.fit.run_lock import run_lock

HOLD = """
import pathlib, sys
from surveil.training.fit.run_lock import run_lock
with run_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_told_who_has_it(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "tiny-1"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        owner = rf"in use by process {process.pid} \(.+\):"
        with pytest.raises(InUseError, match=owner) as told, run_lock(run):
            pass
        assert told.value.exit_code == 4
        process.kill()
        process.wait(timeout=30)
    with run_lock(run):
        assert run.is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(CheckpointError, match="tiny-1"), run_lock(tmp_path / "runs" / "tiny-1"):
        pass
