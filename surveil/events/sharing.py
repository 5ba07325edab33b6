"""Which partitions each recorder reads, among those that live.

Two recorders that read one partition take turns at the rows of the same cameras. So recorders say
in Redis that they live, and each works out the same division of partitions; who gets none stands
by. It is no lock: while two disagree, or where one was taken for dead too early, both read a
partition, its consumer group gives each entry to one of them, and SQL stores each event once.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from hashlib import blake2b
from typing import Any

import redis

READERS_KEY = "surveil:readers"
LOOK_EVERY_S = 1.0
ALIVE_S = 6.0
"""A reader that was silent for longer is dead: its partitions are those of the others."""

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
    """One reader's part of the partitions; called by one thread.

    Args:
        client: Connection.
        name: Of this reader, as no other is called.
        partitions: Their number.
    """

    def __init__(self, client: redis.Redis, name: str, partitions: int) -> None:
        self._client: Any = client
        self._name = name
        self._partitions = partitions
        self._next_mono_s = 0.0
        self.own = frozenset(range(partitions))

    def look(self) -> bool:
        """Say now and then that this reader lives; return whether its partitions have changed.

        Raises:
            redis.RedisError: Redis is away; what is known stays.
        """
        now = time.monotonic()
        if now < self._next_mono_s:
            return False
        self._next_mono_s = now + LOOK_EVERY_S
        seconds, micros = self._client.time()  # one clock for all readers
        present_s = seconds + micros / 1e6
        with self._client.pipeline(transaction=True) as pipe:
            pipe.zadd(READERS_KEY, {self._name: present_s})
            pipe.zremrangebyscore(READERS_KEY, "-inf", present_s - ALIVE_S)
            pipe.zremrangebyrank(READERS_KEY, 0, -MOST_READERS - 1)
            pipe.zrange(READERS_KEY, 0, -1)
            *_, found = pipe.execute()
        names = {name.decode(errors="replace") for name in found} | {self._name}
        before, self.own = self.own, share_out(self._partitions, names)[self._name]
        return self.own != before

    def leave(self) -> None:
        """Leave this reader's partitions to the others at once.

        Raises:
            redis.RedisError: Redis is away; the others wait for ``ALIVE_S``.
        """
        self._client.zrem(READERS_KEY, self._name)
