"""What runs on each node: starts ``surveil run`` for its host, and again where it has ended.

The host is no child of Ray's worker but a daemon in a session of its own: it goes on when the
worker, the node's raylet or the cluster's head is lost, for as long as it can prolong its leases.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from surveil.errors import ConfigError
from surveil.locks import FileLock, LockedError
from surveil.workers.host.datadir import LOCK_NAME

SETTLE_S = 30.0
"""A host that was started so lately may not hold its data_dir yet."""

MOST_LOG_BYTES = 64 << 20
"""Of a host's log at its start; a longer one becomes host.log.1."""


@dataclass(frozen=True, slots=True)
class HostOrder:
    """How a node is to run its host.

    Attributes:
        fleet_file: Path of the fleet file, the same on all nodes.
        digest: SHA-256 of its bytes as the driver read them.
        data_dir: The fleet's; the host's own lies in it.
        host: Name.
        labels: What it is called by.
        capacity_fps: Sampled frames a second it carries, None for the default.
    """

    fleet_file: str
    digest: str
    data_dir: str
    host: str
    labels: Mapping[str, str]
    capacity_fps: float | None


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class NodeHost:
    """The actor of one node; its methods are called by the driver, one at a time."""

    def __init__(self) -> None:
        self._started_mono_s: float | None = None

    def ensure(self, order: HostOrder) -> bool:
        """Start the host unless it runs; return whether it was started.

        Raises:
            ConfigError: The fleet file is missing here, or is another than the driver's.
        """
        folder = Path(order.data_dir) / order.host.replace("/", "_")
        now = time.monotonic()
        is_fresh = self._started_mono_s is not None and now - self._started_mono_s < SETTLE_S
        if is_fresh or is_running(folder):
            return False
        path = Path(order.fleet_file)
        if not path.is_file():
            raise ConfigError(f"{path} is not on this node: copy it here, with its secrets")
        if digest_of(path) != order.digest:
            raise ConfigError(f"{path} on this node is not the driver's: copy it here")
        start(order, folder)
        self._started_mono_s = now
        return True


def is_running(folder: Path) -> bool:
    """Return whether a host holds its data_dir."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        FileLock(folder / LOCK_NAME).release()
    except LockedError:
        return True
    return False


def start(order: HostOrder, folder: Path) -> None:
    """Start ``surveil run`` as a daemon whose parent is init."""
    log = folder / "host.log"
    if log.exists() and log.stat().st_size > MOST_LOG_BYTES:
        log.replace(folder / "host.log.1")
    command = [sys.executable, "-P", "-m", "surveil.cli.main", "run", order.fleet_file]
    command += ["--host", order.host, "--log-format", "json"]
    command += [f"--label={key}={value}" for key, value in sorted(order.labels.items())]
    if order.capacity_fps is not None:
        command += ["--capacity", f"{order.capacity_fps:g}"]
    # The one between ends at once: Ray ends the children of a worker, and this one is none.
    between = [sys.executable, "-P", "-c", _FORK, str(log), *command]
    subprocess.run(between, stdin=subprocess.DEVNULL, check=True, timeout=60)


_FORK = """
import os, subprocess, sys
log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                 start_new_session=True, close_fds=True)
"""
