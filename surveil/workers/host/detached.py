"""A daemon beside this process, for those who show or measure one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from surveil.events.lifetime import die_with_parent

STOP_LIMIT_S = 20.0


@contextmanager
def run_detached(
    fleet_file: Path, log_file: Path, *, log_format: str = "json"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a fleet as ``surveil run`` does, and end it in order; it ends with this process, too."""
    arguments = ["run", str(fleet_file), "--log-format", log_format]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "surveil.cli.main", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the caller, who then ends the fleet in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
