"""Other systems, each in an environment of its own: what they need does not go with ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from surveil.errors import ConfigError
from surveil.measuring.laps import Lap

PROGRAMS = Path(__file__).parent / "foreign"
INSTALL_S = 1200.0
LAST_WORDS = 300
"""Characters of a failed program's last line that are told."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another system.

    Attributes:
        name: In reports.
        program: In ``foreign/``.
        plain: Packages installed without what they ask for, which would not go together.
        packages: The others.
    """

    name: str
    program: str
    plain: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


PEERS = (
    Peer(
        "fer, Haar",
        "fer_haar.py",
        ("fer>=25,<26",),
        (
            *("tensorflow-cpu>=2.16,<3", "opencv-contrib-python-headless<5", "setuptools<81"),
            *("requests", "pandas<4", "tqdm", "Pillow"),
        ),
    ),
    Peer(
        "hsemotion-onnx",
        "hsemotion.py",
        ("hsemotion-onnx>=0.3,<1",),
        ("onnx>=1.16,<2", "onnxruntime>=1.20,<2", "opencv-python-headless<5", "numpy<3", "Pillow"),
    ),
)


class NotMeasuredError(Exception):
    """A peer could not be had or did not run; the message says why."""


def prepare(peer: Peer, say: Callable[[str], None]) -> Path:
    """Return the Python of a peer's environment, which is made below the cache if it is missing.

    Raises:
        ConfigError: uv is not there.
        NotMeasuredError: Its packages cannot be installed.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise ConfigError("--peers makes environments with uv: install it, such as by pip")
    root = user_cache_path("surveil") / "peers" / Path(peer.program).stem
    python, done = root / "bin" / "python", root / "complete.json"
    wanted = json.dumps([sys.version_info[:2], peer.plain, peer.packages])
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return python
    say(f"{peer.name}: installing it with {', '.join((*peer.plain, *peer.packages))} in {root}")
    shutil.rmtree(root, ignore_errors=True)
    steps: list[list[str]] = [["venv", "-q", "--python", sys.executable, str(root)]]
    install = ["pip", "install", "-q", "--python", str(python)]
    steps += [[*install, "--no-deps", *peer.plain], [*install, *peer.packages]]
    for step in steps:
        try:
            ended = subprocess.run(
                [uv, *step], capture_output=True, text=True, timeout=INSTALL_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotMeasuredError(f"not installed within {INSTALL_S:.0f} s") from None
        if ended.returncode:
            raise NotMeasuredError(f"not installed: {_last_line(ended.stderr)}")
    done.write_text(wanted, encoding="utf-8")
    size = sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir())
    say(f"{peer.name}: {size / 1e6:,.0f} MB")
    return python


@contextmanager
def running(
    peer: Peer, python: Path, frames: Sequence[NDArray[np.uint8]]
) -> Iterator[Callable[[], tuple[Lap, int]]]:
    """Start a peer on frames, RGB ``(H, W, 3)``; gives what runs one round: its lap, its faces.

    One thread, as far as its libraries can be told. The frames are decoded beforehand.

    Raises:
        NotMeasuredError: It does not run.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="surveil-bench-"))
        stored = Path(folder) / "frames.npy"
        np.save(stored, np.stack(frames))
        errors = stack.enter_context((Path(folder) / "errors").open("w+", encoding="utf-8"))
        names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
        process = stack.enter_context(
            subprocess.Popen(
                [str(python), "-W", "ignore", str(PROGRAMS / peer.program), str(stored)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **dict.fromkeys(names, "1"), "TF_CPP_MIN_LOG_LEVEL": "3"},
            )
        )
        stack.callback(process.kill)

        def answer() -> dict[str, Any]:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("{"):
                    found: dict[str, Any] = json.loads(line)
                    return found
            errors.seek(0)
            raise NotMeasuredError(f"it ended: {_last_line(errors.read())}")

        def run() -> tuple[Lap, int]:
            assert process.stdin is not None
            print("round", file=process.stdin, flush=True)
            found = answer()
            return Lap(found["wall_s"], found["cpu_s"], found["frames"]), found["faces"]

        answer()  # it has loaded what it needs
        yield run


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:LAST_WORDS] if lines else "without a word"
