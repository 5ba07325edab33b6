"""A lock is held by one process, and free after any end of it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from surveil.errors import InUseError
from surveil.locks import FileLock, LockedError

HOLD = """
import pathlib, sys
from surveil.locks import FileLock
with FileLock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


def test_whoever_is_refused_is_told_who_holds_it_until_that_one_is_killed(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InUseError, match=r"some\.lock is in use by process") as told:
            FileLock(path)
        assert isinstance(told.value, LockedError)
        assert told.value.holder.startswith(f"process {process.pid} (")
        process.kill()
        process.wait(timeout=30)
        FileLock(path).release()


def test_a_holder_that_is_just_ending_is_waited_for(path: Path) -> None:
    lock = FileLock(path)
    threading.Timer(0.05, lock.release).start()
    with FileLock(path, wait_s=60.0):
        pass


def test_a_second_release_closes_nobody_elses_file(path: Path) -> None:
    lock = FileLock(path)
    lock.release()
    with (path.parent / "other").open("w") as other:  # takes the number that has become free
        lock.release()
        os.fstat(other.fileno())
    with FileLock(path) as again:
        again.release()


def test_a_child_that_is_given_the_lock_holds_it_on(path: Path) -> None:
    with FileLock(path) as lock:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(lock.fd,))
        lock.name_holder(child.pid)
    with child:
        with pytest.raises(LockedError, match=f"process {child.pid}"):
            FileLock(path)
        child.kill()
        child.wait(timeout=30)
        FileLock(path).release()


def test_a_file_that_names_nobody_is_told_as_such(path: Path) -> None:
    with FileLock(path):
        path.write_text("")
        with pytest.raises(LockedError, match="in use by another process"):
            FileLock(path)


def test_the_file_is_for_its_owner_and_stays(path: Path) -> None:
    FileLock(path).release()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == str(os.getpid())
