"""Which partitions each recorder reads, among those that live.

Two recorders that read one partition take turns at the rows of the same cameras. So recorders say
in Redis that they live, and each works out the same division of partitions; who gets none stands
by. It is no lock: while two disagree, or where one was taken for dead too early, both read a
partition, its consumer group gives each entry to one of them, and SQL stores each event once.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Collection
from hashlib import blake2b
from typing import Any

import redis

READERS_KEY = "surveil:readers"
BEAT_EVERY_S = 1.0
ALIVE_S = 6.0
"""A reader that was silent for longer is dead: its partitions are those of the others."""

GRACE_S = 2.0
"""A partition that another may read yet is taken so much later: it leaves it at once."""

MOST_READERS = 1000


def share_out(partitions: int, readers: Collection[str]) -> dict[str, frozenset[int]]:
    """Return the partitions of each reader; of more readers than partitions some have none.

    Highest random weight (Thaler and Ravishankar 1998) with bounded loads (Mirrokni et al. 2018):
    the readers' numbers of partitions differ by one at most, the answer is the same whoever asks,
    and a reader more or less moves few partitions.

    Args:
        partitions: Their number, from 1.
        readers: Names; none gives an empty answer.
    """
    shares: dict[str, set[int]] = {name: set() for name in sorted(readers)}
    for partition in range(partitions if shares else 0):
        fewest = min(map(len, shares.values()))
        free = [name for name, own in shares.items() if len(own) == fewest]
        shares[max(free, key=lambda name: _weight(partition, name))].add(partition)
    return {name: frozenset(own) for name, own in shares.items()}


def _weight(partition: int, reader: str) -> bytes:
    return blake2b(f"{partition}:{reader}".encode(), digest_size=8).digest()


class ReaderShare:
    """One reader's part of the partitions.

    A thread says that the reader lives: one whose commit takes long keeps its partitions, since who
    took them would wait for the rows that it has locked. One that cannot commit rests.

    Args:
        client: Connection of the thread.
        name: Of this reader, as no other is called.
        partitions: Their number.

    Attributes:
        own: What to read now; none before the first round.
        living: Names of all readers that live.
        thread: Ends only when it is told to.
    """

    def __init__(self, client: redis.Redis, name: str, partitions: int) -> None:
        self._client: Any = client
        self._name = name
        self._partitions = partitions
        self._since_mono_s: dict[int, float] = {}
        self._resting = threading.Event()
        self._stopping = threading.Event()
        self.own: frozenset[int] = frozenset()
        self.living: frozenset[str] = frozenset({name})
        self.thread = threading.Thread(target=self._run, name="share", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def stop(self) -> None:
        """End the thread, and leave this reader's partitions to the others at once."""
        self._stopping.set()
        if self.thread.is_alive():
            self.thread.join()
        try:
            self._client.zrem(READERS_KEY, self._name)
        except redis.RedisError:
            return  # the others wait for ALIVE_S
        finally:
            self._client.close()

    def rest(self) -> None:
        """Say nothing until :meth:`go_on`: after ``ALIVE_S`` the others take its part over."""
        self._resting.set()

    def go_on(self) -> None:
        """Say again that it lives."""
        self._resting.clear()

    def beat(self, now_mono_s: float) -> None:
        """Say once that this reader lives, and work out what it is to read.

        Raises:
            redis.RedisError: Redis is away; what is known stays.
        """
        seconds, micros = self._client.time()  # one clock for all readers
        present_s = seconds + micros / 1e6
        with self._client.pipeline(transaction=True) as pipe:
            pipe.zadd(READERS_KEY, {self._name: present_s})
            pipe.zremrangebyscore(READERS_KEY, "-inf", present_s - ALIVE_S)
            pipe.zremrangebyrank(READERS_KEY, 0, -MOST_READERS - 1)
            pipe.zrange(READERS_KEY, 0, -1)
            *_, found = pipe.execute()
        names = {name.decode(errors="replace") for name in found} | {self._name}
        given = share_out(self._partitions, names)[self._name]
        since = {p: self._since_mono_s.get(p, now_mono_s) for p in given}
        self._since_mono_s = since
        self.living = frozenset(names)
        grace_s = GRACE_S if len(names) > 1 else 0.0
        self.own = frozenset(
            p for p, at_s in since.items() if p in self.own or now_mono_s - at_s >= grace_s
        )

    def _run(self) -> None:
        while True:
            if not self._resting.is_set():
                with contextlib.suppress(redis.RedisError):  # the reader meets it, too, and tells
                    self.beat(time.monotonic())
            if self._stopping.wait(BEAT_EVERY_S):
                return
