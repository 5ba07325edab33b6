"""The inference process from its start to its end: spool, publisher, and the loop between.

What takes long, the networks and the libraries that run them, is imported and loaded last. Spool
and publisher work before it, so cameras are known while it lasts, and what is pending goes out.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from functools import partial

from surveil.config import Fleet
from surveil.errors import UnavailableError
from surveil.events.adoption import Adopter, spool_path
from surveil.events.embedded import server_url
from surveil.events.publisher import Publisher, PublisherStats
from surveil.events.spool import Spool, SpoolLease
from surveil.live import ReadingsRing
from surveil.sources.ring import FrameRing
from surveil.workers.host.availability import Availability, StoppedError
from surveil.workers.host.lease_board import LeaseBoard
from surveil.workers.host.lifeline import LOADING_ALLOW_S, Lifeline, Telemetry
from surveil.workers.inferring.announcer import Announcer

PUBLISH_DRAIN_S = 2.5


def run(
    fleet: Fleet,
    lifeline: Lifeline,
    rings: Mapping[str, FrameRing],
    doorbell_fd: int | None,
    readings: Mapping[str, ReadingsRing],
    *,
    spool: str,
    owned: Collection[str] | None,
    threads: int,
    leave: Callable[[int], object] | None = None,
    leases: Mapping[str, SpoolLease] | None = None,
    board: LeaseBoard | None = None,
) -> int:
    """Analyse the cameras of ``rings`` until the lifeline says stop; the exit code is 0.

    Runs in the inference process, which is the only reader of these rings.

    Args:
        fleet: The configuration.
        lifeline: The line to the supervisor.
        rings: Camera id to its ring.
        doorbell_fd: Non-blocking pipe on which the captures ring, or None to poll.
        readings: Where to show what is found, of the cameras that somebody may watch.
        spool: Name of this worker's spool.
        owned: Names of the spools of this host's workers; others are orphans, and adopted. None
            leaves that to the supervisor.
        threads: That its networks may use on a CPU.
        leave: Ends the process with an exit code. Without it a worker that is told to end while it
            loads ends after that.
        leases: Under which the cameras are watched, where hosts share them.
        board: Until when they may be.

    Raises:
        ConfigError: The device is not there, or the spool is of another version.
        InUseError: Another process holds the spool.
        ModelError: The model is missing or damaged.
        UnavailableError: The spool's file was damaged under way.
    """
    lifeline.beat(LOADING_ALLOW_S, "opening the spool")
    path = spool_path(fleet.data_dir, spool)
    open_spool = partial(Spool, path, max_bytes=int(fleet.spool.max_bytes), leases=leases)
    try:
        opened = Availability(lifeline).wait_for("spool", open_spool)
    except StoppedError:
        return 0
    with ExitStack() as stack:
        stack.callback(opened.close)
        url = server_url(fleet.redis, fleet.data_dir)
        is_loaded = threading.Event()

        def report(stats: PublisherStats) -> None:
            # The loop goes on without Redis: the spool keeps what it finds.
            lacks = "" if stats.is_connected or not is_loaded.is_set() else "waiting for redis"
            lifeline.ready(is_loaded.is_set() and stats.is_connected, lacks)
            _report(lifeline.telemetry, opened, stats)

        publisher = Publisher(opened, url, fleet.partitions, on_round=report)
        stack.callback(publisher.stop, PUBLISH_DRAIN_S)
        stack.callback(lifeline.beat, doing="publishing what is left")
        publisher.start()
        lifeline.watch(publisher.thread)
        if owned is not None:
            adopter = Adopter(
                *(fleet.data_dir, owned, url, fleet.partitions), count=lifeline.telemetry.count
            )
            stack.callback(adopter.stop)
            adopter.start()
            lifeline.watch(adopter.thread)

        def leave_early() -> None:
            if leave is not None:
                publisher.stop(PUBLISH_DRAIN_S)
                leave(0)

        policies = {camera: fleet.cameras[camera].privacy.policy for camera in rings}
        announcer = Announcer(rings, policies, opened, lifeline.telemetry, publisher.wake)
        stack.callback(announcer.stop)
        announcer.start(lifeline.stopping, leave_early)
        lifeline.beat(LOADING_ALLOW_S, "importing the engines")
        # Here and not above: an import of minutes, on a busy host, would hold up all that precedes.
        from surveil.workers.inferring import inference

        pipeline = inference.load(fleet, lifeline, policies, threads=threads)
        announcer.stop()
        is_loaded.set()
        loop = inference.InferenceLoop(
            *(fleet, lifeline, rings, doorbell_fd, pipeline, opened, publisher),
            policies=policies,
            readings=readings,
            board=board,
        )
        try:
            loop.run()
        except sqlite3.DatabaseError as error:
            raise UnavailableError(f"spool {path}: {error}; it is opened anew") from error
    return 0


def _report(telemetry: Telemetry, spool: Spool, stats: PublisherStats) -> None:
    telemetry.gauge("redis_up", float(stats.is_connected))
    telemetry.gauge("publish_lag_seconds", stats.lag_s)
    telemetry.gauge("publish_failures_total", stats.failures)  # counted by the publisher
    telemetry.gauge("spool_pending", spool.pending_count)
    telemetry.gauge("spool_bytes", spool.pending_bytes)
    telemetry.gauge("events_published_total", stats.published)
