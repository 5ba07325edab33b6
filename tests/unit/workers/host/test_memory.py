"""When a worker's memory leads to its renewal, and that this never goes round and round."""

from __future__ import annotations

import os
import time
from itertools import pairwise

from surveil.workers.host.memory import (
    LEAST_LIFE_S,
    READINGS,
    MemoryScale,
    MemoryWatch,
    Verdict,
    held_bytes,
)

MIB = 1 << 20
CEILING = 100 * MIB


def last(watch: MemoryWatch, now_s: float, mib: int, readings: int = READINGS) -> Verdict:
    """Return what follows from some readings in a row, the last of them at ``now_s``."""
    verdicts = [watch.see(now_s, mib * MIB) for _ in range(readings)]
    assert set(verdicts[:-1]) <= {Verdict.NOTHING}
    return verdicts[-1]


def test_growth_beyond_the_ceiling_renews_and_a_peak_does_not() -> None:
    watch = MemoryWatch(CEILING)
    assert last(watch, 10.0, 100, 50) is Verdict.NOTHING
    assert last(watch, 20.0, 101, READINGS - 1) is Verdict.NOTHING
    assert last(watch, 30.0, 99, 1) is Verdict.NOTHING
    assert last(watch, 40.0, 101, READINGS - 1) is Verdict.NOTHING
    assert last(watch, 50.0, 101, 1) is Verdict.RENEW


def test_a_ceiling_that_is_too_low_renews_once_and_is_told_once() -> None:
    watch = MemoryWatch(CEILING)
    verdicts = []
    for now_s in range(10_000):
        verdict = watch.see(float(now_s), 150 * MIB)
        if verdict is not Verdict.NOTHING:
            verdicts.append(verdict)
        if verdict is Verdict.RENEW:
            watch.begin()
    assert verdicts == [Verdict.RENEW, Verdict.TOO_LOW]


def test_a_leak_beyond_a_ceiling_that_was_too_low_is_renewed_in_the_end() -> None:
    watch = MemoryWatch(CEILING)
    assert last(watch, 1.0, 150) is Verdict.RENEW
    watch.begin()
    assert last(watch, 2.0, 150) is Verdict.TOO_LOW
    assert last(watch, 2 * LEAST_LIFE_S, 299, 50) is Verdict.NOTHING
    assert last(watch, 2 * LEAST_LIFE_S, 301) is Verdict.RENEW


def test_renewals_of_a_steady_leak_are_far_apart() -> None:
    watch = MemoryWatch(CEILING)
    renewed_s, mib = [], 50
    for now_s in range(0, 7200, 2):
        mib += 1  # the ceiling is reached within two minutes
        verdict = watch.see(float(now_s), mib * MIB)
        if verdict is Verdict.RENEW:
            renewed_s.append(now_s)
            watch.begin()
            mib = 50
    assert len(renewed_s) > 3
    assert all(b - a >= LEAST_LIFE_S for a, b in pairwise(renewed_s))


def test_without_a_ceiling_nothing_follows() -> None:
    assert last(MemoryWatch(None), 1.0, 1 << 20, 50) is Verdict.NOTHING


def test_this_process_holds_some_memory_and_no_process_none() -> None:
    before = held_bytes(os.getpid())
    assert before is not None
    block = bytearray(os.urandom(1)) * (64 * MIB)
    after = held_bytes(os.getpid())
    assert after is not None
    assert after - before > 60 * MIB
    del block
    assert held_bytes(0) is None


def test_what_a_fork_shares_with_its_parent_is_not_its_own() -> None:
    held = bytearray(b"x") * (64 << 20)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(read, 1)  # holds as much as its parent and has written to nothing
        os._exit(len(held) & 1)
    try:
        weighed = MemoryScale().held_bytes(pid, time.monotonic())
        assert weighed is not None
        assert weighed < 32 << 20
        resident = held_bytes(pid)
        assert resident is not None
        assert resident > 64 << 20
    finally:
        os.write(write, b"!")
        os.waitpid(pid, 0)
        os.close(read)
        os.close(write)
