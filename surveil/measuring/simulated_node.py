"""A host of a spread fleet without video: real leases, spool and publisher, made-up events."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

from ulid import ULID

from surveil.domain import (
    CameraEvent,
    CameraState,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.events.adoption import spool_path
from surveil.events.publisher import Publisher
from surveil.events.spool import Draft, Spool, SpoolLease
from surveil.measuring.synthetic import MODEL, make_vote
from surveil.store.hosts import placed_on
from surveil.workers.host.lease_board import boot_s
from surveil.workers.host.leasing import Held, LeaseKeeper
from surveil.workers.host.membership import Membership
from surveil.workers.host.spreading import wish_of

VOTES_MADE = 64


@dataclass(frozen=True, slots=True)
class Servers:
    """What all nodes share."""

    database: str
    redis: str
    partitions: int
    ttl_s: float
    interval_s: float = 1.0


@dataclass(slots=True)
class Watched:
    """One camera of a node: its run, and the end of its last interval."""

    token: int
    run: str
    to_at: datetime


class SimulatedNode:
    """Tells an interval after the other of each camera that it holds.

    Args:
        name: Of the host.
        servers: Shared by all.
        folder: Its data_dir.
        cameras: Of the whole fleet.
        capacity_fps: For the placement.
        faces: In each interval.
    """

    def __init__(
        self,
        name: str,
        servers: Servers,
        folder: Path,
        cameras: Sequence[str],
        capacity_fps: float,
        faces: int,
    ) -> None:
        self.name = name
        self.folder = folder
        self.told = 0
        self.latest_s = 0.0
        """By how much an interval's events were late, at most."""
        membership = Membership(name, labels={}, capacity_fps=capacity_fps)
        self.keeper = LeaseKeeper(
            *(servers.database, name, servers.ttl_s, wish_of(membership, cameras)),
            partial(placed_on, host_id=name),
        )
        self._leases: dict[str, SpoolLease] = {}
        self.spool_path = spool_path(folder, "simulated")
        self._spool = Spool(self.spool_path, leases=self._leases)
        self._publisher = Publisher(self._spool, servers.redis, servers.partitions)
        self._watched: dict[str, Watched] = {}
        random = Random(name)  # noqa: S311  (no secret is made of it)
        made = [make_vote(1 + i % max(1, faces), random) for i in range(VOTES_MADE * faces)]
        self._votes: list[tuple[TrackVote, ...]] = [
            tuple(made[i * faces : (i + 1) * faces]) for i in range(VOTES_MADE)
        ]
        self._interval_s = servers.interval_s
        self._is_dead = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def pending(self) -> int:
        """Events that SQL has not committed, as far as the node knows."""
        return self._spool.pending_count

    def start(self) -> None:
        """Join the fleet."""
        self.keeper.start()
        self._publisher.start()
        self._thread.start()

    def quiet(self) -> None:
        """Tell nothing more; what is spooled goes on being published."""
        self._stopping.set()
        self._thread.join()

    def die(self) -> None:
        """End as a machine does that loses its power: nothing is given back, the spool stays."""
        self.quiet()
        self._is_dead = True
        self.keeper.abandon()
        self._publisher.stop(0.0)
        self._spool.close()

    def end(self) -> None:
        """Leave in order; nothing of a node that has died."""
        if self._is_dead:
            return
        self.quiet()
        self._publisher.stop(1.0)
        self.keeper.stop()
        self._spool.close()

    def _run(self) -> None:
        due_mono_s = time.monotonic()
        while not self._stopping.wait(max(0.0, due_mono_s - time.monotonic())):
            due_mono_s += self._interval_s
            self._tell()
            self.latest_s = max(self.latest_s, time.monotonic() - due_mono_s)

    def _tell(self) -> None:
        standing = self.keeper.standing
        present_s, now = boot_s(), datetime.now(UTC)
        drafts: list[Draft] = []
        for camera, held in standing.held.items():
            if camera in standing.wanted and present_s < held.until_s:
                drafts += [Draft(event) for event in self._see(camera, held, now)]
        for camera in self._watched.keys() - standing.wanted:
            token = self._watched.pop(camera).token
            self.keeper.let_go(camera, token)
        if drafts:
            self.told += len(self._spool.append(drafts).events)
            self._publisher.wake()

    def _see(self, camera: str, held: Held, now: datetime) -> list[Event]:
        known = self._watched.get(camera)
        if known is None or known.token != held.token:
            run = str(ULID())
            self._watched[camera] = Watched(held.token, run, now)
            self._leases[camera] = SpoolLease(held.token, held.is_host_lost)
            states = (CameraState.CONNECTING, CameraState.LIVE)
            return [CameraEvent(camera, run, 0, now, state, Reason.NONE) for state in states]
        from_at, known.to_at = known.to_at, now
        votes = self._votes[hash((camera, now)) % VOTES_MADE]
        counts = FrameCounts(captured=25, sampled=5, analysed=5)
        return [IntervalEvent(camera, known.run, 0, from_at, now, counts, votes, MODEL)]
