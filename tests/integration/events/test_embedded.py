"""The embedded server: private, append-only, and never without its parent."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis

from surveil.errors import InUseError, UnavailableError
from surveil.events import embedded
from surveil.events.connection import check_eviction, connect
from surveil.events.embedded import EmbeddedRedis
from surveil.events.socket_path import socket_path


def ended(pid: int, within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def fill(client: redis.Redis) -> None:
    for _ in range(100):
        client.xadd("s", {"a": "x" * 100_000})


def test_answers_on_a_private_socket_only(own_redis_server: EmbeddedRedis) -> None:
    path = own_redis_server.socket_path
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    with connect(own_redis_server.url) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        check_eviction(client)


def test_its_files_are_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    before = folder / "redis.log"
    before.touch()
    before.chmod(0o644)
    server = EmbeddedRedis(tmp_path)
    server.start()
    try:
        with connect(server.url) as client:
            client.xadd("s", {"a": "1"})
        files = [path for path in folder.iterdir() if path.is_file()]
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
        assert {"redis.log", "redis.lock"} < set(modes)
        assert set(modes.values()) == {0o600}, modes
    finally:
        server.stop()


def test_keeps_its_data_over_a_restart(own_redis_server: EmbeddedRedis) -> None:
    with connect(own_redis_server.url) as client:
        client.xadd("s", {"a": "1"})
    own_redis_server.stop()
    own_redis_server.start()
    with connect(own_redis_server.url) as client:
        assert client.xlen("s") == 1


def test_starts_again_after_it_was_killed(own_redis_server: EmbeddedRedis) -> None:
    assert own_redis_server.pid is not None
    os.kill(own_redis_server.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10.0
    while own_redis_server.is_running() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert own_redis_server.poll() == -signal.SIGKILL
    own_redis_server.start()
    with connect(own_redis_server.url) as client:
        assert client.ping()


def test_a_second_one_on_the_same_directory_is_refused_with_the_pid(
    own_redis_server: EmbeddedRedis,
) -> None:
    second = EmbeddedRedis(own_redis_server.directory.parent, predecessor_s=0.1)
    with pytest.raises(InUseError, match=rf"process {own_redis_server.pid}\b"):
        second.start()
    with connect(own_redis_server.url) as client:
        assert client.ping()


def test_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib\n"
        "from surveil.events.embedded import EmbeddedRedis\n"
        "server = EmbeddedRedis(pathlib.Path(sys.argv[1])); server.start()\n"
        "print(server.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    with connect(embedded.embedded_url(tmp_path)) as client:
        client.xadd("s", {"a": "1"})
    parent.kill()
    parent.wait()
    parent.stdout.close()
    heir = EmbeddedRedis(tmp_path)
    heir.start()  # waits for its predecessor
    assert ended(pid)
    with connect(heir.url) as client:
        assert client.xlen("s") == 1
    heir.stop()


def test_truncated_append_only_file_is_loaded_up_to_the_cut(
    own_redis_server: EmbeddedRedis,
) -> None:
    with connect(own_redis_server.url) as client:
        for _ in range(10):
            client.xadd("s", {"a": "1"})
    own_redis_server.stop()
    [aof] = own_redis_server.directory.rglob("*.aof")
    os.truncate(aof, aof.stat().st_size - 5)
    own_redis_server.start()
    with connect(own_redis_server.url) as client:
        assert client.xlen("s") == 9


def test_damaged_append_only_file_is_set_aside(own_redis_server: EmbeddedRedis) -> None:
    with connect(own_redis_server.url) as client:
        for _ in range(10):
            client.xadd("s", {"a": "1"})
    own_redis_server.stop()
    [aof] = own_redis_server.directory.rglob("*.aof")
    content = bytearray(aof.read_bytes())
    content[60:100] = os.urandom(40)
    aof.write_bytes(content)
    own_redis_server.start()
    with connect(own_redis_server.url) as client:
        assert client.xlen("s") == 0
    assert list(own_redis_server.directory.glob("*.damaged-*"))


def test_deep_directory_gets_a_short_socket_path(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    server = EmbeddedRedis(deep)
    assert len(os.fsencode(server.socket_path)) <= 103
    assert socket_path(deep) == server.socket_path
    server.start()
    with connect(server.url) as client:
        assert client.ping()
    server.stop()


def test_without_a_binary_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match="redis-server"):
        EmbeddedRedis(tmp_path).start()


def test_server_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path, maxmemory_bytes=-5)
    with pytest.raises(UnavailableError, match=r"redis\.log"):
        server.start()


def test_full_server_refuses_writes_but_still_reads(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path, maxmemory_bytes=3 * 2**20)
    server.start()
    with connect(server.url) as client:
        first = client.xadd("s", {"a": "1"})
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            fill(client)
        assert client.xrange("s", first, first)
    server.stop()
