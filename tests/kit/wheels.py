"""The wheel, installed into environments as its users make them, away from the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.tools import REPOSITORY


@dataclass(frozen=True)
class Installed:
    """An environment that has the wheel.

    Attributes:
        prefix: Folder of the environment.
        home: Folder in which commands run; nothing of the repository is in it.
    """

    prefix: Path
    home: Path

    def run(
        self, *arguments: str | Path, expected: int = 0, timeout_s: float = 110
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment; one that ends otherwise than expected fails."""
        done = subprocess.run(
            [str(self.prefix / "bin" / arguments[0]), *map(str, arguments[1:])],
            cwd=self.home,
            env=bare_environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        assert done.returncode == expected, (arguments, done.stdout, done.stderr)
        return done


def bare_environment() -> dict[str, str]:
    """Return this process's environment without what leads back to the repository."""
    names = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    return {name: value for name, value in os.environ.items() if name not in names}


def uv() -> str:
    """Return the program that `make` runs everything with."""
    found = os.environ.get("UV") or shutil.which("uv")
    if not found:
        pytest.skip("uv is not on the PATH, and the tests were not started by it")
    return found


def build_wheel(folder: Path) -> Path:
    """Build the repository's wheel as `make wheel` does; return its path."""
    call([uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder)], cwd=REPOSITORY)
    [wheel] = folder.glob("surveil-*.whl")
    return wheel


def install_alone(wheel: Path, folder: Path) -> Installed:
    """Install the wheel, and nothing else: the libraries are those of this environment."""
    prefix = _environment(folder)
    call([uv(), "pip", "install", "--quiet", "--no-deps", "--offline", "--python", prefix, wheel])
    # Of a folder that a .pth file names, no .pth file is read: the repository stays out of sight.
    libraries = prefix / "lib" / Path(sysconfig.get_path("purelib")).relative_to(_lib())
    (libraries / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return Installed(prefix, _home(folder))


def install_whole(wheel: Path, folder: Path, extras: str = "") -> Installed:
    """Install the wheel with all that it asks for, from the index or uv's cache of it."""
    prefix = _environment(folder)
    call([uv(), "pip", "install", "--quiet", "--python", prefix, f"{wheel}{extras}"])
    return Installed(prefix, _home(folder))


def call(command: Sequence[str | Path], cwd: Path | None = None) -> str:
    """Run a program that must succeed; return what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=1000,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def _environment(folder: Path) -> Path:
    prefix = folder / "environment"
    call([uv(), "venv", "--quiet", "--python", sys.executable, prefix])
    return prefix


def _home(folder: Path) -> Path:
    home = folder / "home"
    home.mkdir()
    return home


def _lib() -> Path:
    return Path(sysconfig.get_path("purelib")).parents[1]
