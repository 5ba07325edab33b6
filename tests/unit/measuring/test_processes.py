"""Processes of a daemon: found by parentage, told apart by what they were started as."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from surveil.measuring.processes import Usage, Usages, inspect_daemon

TICK = os.sysconf("SC_CLK_TCK")


def write(proc: Path, pid: int, parent: int, words: list[str], ticks: int, kib: int) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    numbers = ["S", str(parent)] + ["0"] * 9 + [str(ticks), "0", "0", "0"] + ["0"] * 20
    (folder / "stat").write_text(f"{pid} (a ) name) {' '.join(numbers)}")
    (folder / "cmdline").write_text("\0".join(words))
    (folder / "smaps_rollup").write_text(
        "00-ff ---p 00000000 00:00 0 [rollup]\n"
        f"Pss: {kib + 100} kB\nPrivate_Clean: 0 kB\nPrivate_Dirty: {kib} kB\n"
    )


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    worker = ["python", "-P", "-m", "surveil.workers.child"]
    write(tmp_path, 1, 0, ["init"], 9, 9)
    write(tmp_path, 7, 1, ["python", "-m", "surveil.cli.main", "run"], 2 * TICK, 40)
    write(tmp_path, 8, 7, [*worker, "capture", "capture:a", "3"], TICK, 30)
    write(
        tmp_path, 11, 7, ["python", "-P", "-m", "surveil.workers.forkserver", "capture", "9"], 0, 6
    )
    write(tmp_path, 9, 11, [*worker, "capture", "capture:b", "4"], TICK, 50)
    write(tmp_path, 10, 7, ["/usr/bin/redis-server *:0"], TICK, 5)
    (tmp_path / "self").mkdir()
    return tmp_path


def test_usage_is_summed_by_role(proc: Path) -> None:
    found = inspect_daemon(7, proc).by_role
    assert found == {
        "supervisor": Usage(1, 2.0, 40 * 1024, 100 * 1024),
        "capture": Usage(2, 2.0, 80 * 1024, 200 * 1024),
        "forks": Usage(1, 0.0, 6 * 1024, 100 * 1024),
        "redis": Usage(1, 1.0, 5 * 1024, 100 * 1024),
    }


def test_a_process_that_ends_meanwhile_is_left_out(proc: Path) -> None:
    (proc / "9" / "smaps_rollup").unlink()
    assert inspect_daemon(7, proc).by_role["capture"].processes == 1


def test_time_is_that_since_and_memory_that_of_now() -> None:
    before = Usages({"capture": Usage(2, 5.0, 10, 1)})
    after = Usages({"capture": Usage(3, 7.5, 12, 2), "inference": Usage(1, 1.0, 4, 0)})
    assert after.since(before).by_role == {
        "capture": Usage(3, 2.5, 12, 2),
        "inference": Usage(1, 1.0, 4, 0),
    }
