"""Programs of the system that check what surveil ships: absent, a test skips; CI has them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"


def tool(name: str) -> str:
    """Return the path of a program; without it the test skips, and fails in CI."""
    path = shutil.which(name)
    if path is not None:
        return path
    reason = f"{name} is not installed: `make tools` as root, on Debian"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def output(command: Sequence[str | Path], *, cwd: Path | None = None) -> str:
    """Run a program that must succeed; return what it printed, errors included."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout
