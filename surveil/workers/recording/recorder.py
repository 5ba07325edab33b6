"""The recorder process: Redis Streams into SQL, each event exactly once.

For each batch, in this order: read, write, commit, publish how far each run is committed,
acknowledge, trim. Killed between any two of them, the recorder (or another one) reads the batch
again; the ledger in SQL then tells which of its events are stored, and nothing is stored twice.
While SQL is away nothing is read: Redis and the workers' spools keep what comes in. Where it is
away from this host alone, a recorder of another takes the partitions over, with what was read.
"""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime

import redis

from surveil.config import Fleet
from surveil.domain import IntervalEvent
from surveil.errors import UnavailableError
from surveil.events.connection import address_of, check_eviction, explain, open_client
from surveil.events.consumer import MAX_BLOCK_MS, Delivery, GroupReader, Unreadable
from surveil.events.embedded import server_url
from surveil.events.progress import publish_committed
from surveil.events.sharing import ReaderShare
from surveil.logs import get_logger
from surveil.secrets import redact
from surveil.store.cameras import CameraSettings, describe_cameras
from surveil.store.engine import connect, writing
from surveil.store.rows import span
from surveil.store.upgrading import bring_up
from surveil.workers.host.availability import BEAT_S, Availability, StoppedError
from surveil.workers.host.lifeline import DRAIN_S, Lifeline, observe_all, observe_stage
from surveil.workers.recording.exceptions import exceptions_of, note_exceptions, own_days
from surveil.workers.recording.record_batch import BatchWriter, Recorded
from surveil.workers.recording.upkeep import Upkeep

GROUP = "recorder"
BATCH_EVENTS = 500
BATCH_S = 0.5
"""A batch is written once it has so many events, or once its first one has waited so long."""
BLOCK_MS = 1000
STORE_BOUNDS_S = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
"""Buckets of the time from an interval's end until SQL has it; hours after an outage."""
MAX_DELIVERIES = 20
"""An entry handed out more often is a dead letter. Handing out again counts each crash, and each
loss of Redis, also for the other entries of the batch: a few are no proof against any of them."""

_log = get_logger("recorder")


def run(fleet: Fleet, lifeline: Lifeline) -> int:
    """Record until told to stop; main function of the recorder's process. Returns the exit code."""
    recorder = Recorder(fleet, lifeline)
    try:
        recorder.work()
    except StoppedError:
        pass  # what is not committed stays with this consumer in Redis
    finally:
        recorder.close()
    return 0


class Recorder:
    """Everything in it is called from the main thread of its process."""

    def __init__(self, fleet: Fleet, lifeline: Lifeline) -> None:
        self._lifeline = lifeline
        self._telemetry = lifeline.telemetry
        self._redis_url = server_url(fleet.redis, fleet.data_dir)
        self._database = connect(fleet.database.reveal())
        # Reading blocks, so it has a connection of its own.
        self._reading = open_client(
            self._redis_url, block_s=MAX_BLOCK_MS / 1000, name="surveil-recorder"
        )
        self._client = open_client(self._redis_url, name="surveil-recorder-progress")
        # The same after a restart, so that the next one goes on with this one's entries at once.
        consumer = f"{GROUP}@{socket.gethostname()}:{fleet.data_dir}"
        self._reader = GroupReader(
            self._reading, GROUP, consumer, fleet.partitions, max_deliveries=MAX_DELIVERIES
        )
        sharing = open_client(self._redis_url, name="surveil-recorder-share")
        self._share = ReaderShare(sharing, consumer, fleet.partitions)
        self._shared: tuple[frozenset[int], frozenset[str]] = frozenset(), frozenset()
        self._reader.attend(())
        self._writer = BatchWriter(self._database, GROUP, meanwhile=self._go_on)
        self._upkeep = Upkeep(
            self._database,
            fleet.retention.days,
            own_days(fleet),
            audit_days=fleet.retention.audit_days,
        )
        self._exceptions = exceptions_of(fleet)
        self._settings = _settings_of(fleet)
        self._described: set[str] = set()
        self._servers = Availability(lifeline, drain_s=DRAIN_S / 4)

    def work(self) -> None:
        """Record until told to stop, and then what is left in the streams."""
        self._servers.wait_for("sql", lambda: bring_up(self._database))
        self._servers.wait_for("sql", lambda: note_exceptions(self._database, self._exceptions))
        self._servers.wait_for("redis", lambda: check_eviction(self._client))
        self._servers.wait_for("redis", lambda: self._share.beat(time.monotonic()))
        self._share.start()
        self._lifeline.watch(self._share.thread)
        _log.info("recorder.started", redis=address_of(self._redis_url))
        while True:
            self._lifeline.beat(BEAT_S)
            self._take_share()
            batch = self._servers.wait_for("redis", self._gather)
            if batch:
                self._record(batch)
            if self._lifeline.stopping.is_set() and (not batch or self._servers.must_end()):
                return
            self._lifeline.ready()
            if not self._lifeline.stopping.is_set():
                self._tend()

    def close(self) -> None:
        """Let go of both servers, and of the partitions."""
        self._share.stop()
        self._reading.close()
        self._client.close()
        self._database.dispose()

    def _gather(self) -> list[Delivery]:
        """Return a batch; after a connection was lost on the way, it is handed out again."""
        stopping = self._lifeline.stopping.is_set()
        batch = self._reader.read(block_ms=10 if stopping else BLOCK_MS, count=BATCH_EVENTS)
        until = time.monotonic() + BATCH_S
        while batch and len(batch) < BATCH_EVENTS and not self._lifeline.stopping.is_set():
            left_ms = int((until - time.monotonic()) * 1000)
            if left_ms <= 0:
                break
            batch += self._reader.read(block_ms=left_ms, count=BATCH_EVENTS - len(batch))
        return batch

    def _take_share(self) -> None:
        own, living = shared = self._share.own, self._share.living
        if shared == self._shared:
            return
        if own != self._shared[0]:
            _log.info("recorder.partitions", partitions=sorted(own))
        self._shared = shared
        self._reader.attend(own, living)

    def _record(self, batch: list[Delivery]) -> None:
        entry_ids = [delivery.entry_id for delivery in batch]
        began = time.monotonic()
        recorded = self._servers.wait_for(
            "sql", lambda: self._write(batch), meanwhile=self._share.rest
        )
        self._share.go_on()
        self._report(batch, recorded, time.monotonic() - began)
        try:
            publish_committed(self._client, recorded.committed)
            self._reader.ack(entry_ids)
        except redis.RedisError as error:
            # It is in SQL. Handed out again, it counts as duplicates, is published, acknowledged.
            self._servers.miss("redis", explain(error))
            self._reader.rewind()

    def _write(self, batch: list[Delivery]) -> Recorded:
        events = [d.event for d in batch if not isinstance(d.event, Unreadable)]
        self._upkeep.prepare_days(span(event)[0] for event in events)
        recorded = self._writer.write(batch)
        new = {event.camera for event in events} - self._described
        if new:
            with writing(self._database) as connection:
                describe_cameras(connection, self._settings, new)
            self._described |= new
        return recorded

    def _go_on(self) -> None:
        """Promise another while: a batch may be written in many transactions."""
        self._lifeline.beat(BEAT_S, "working with sql")

    def _tend(self) -> None:
        try:
            self._upkeep.trim(self._reader, self._client)
        except redis.RedisError as error:
            self._servers.miss("redis", explain(error))
        try:
            self._upkeep.prune_step()
        except UnavailableError as error:
            self._servers.miss("sql", str(error))

    def _report(self, batch: list[Delivery], recorded: Recorded, took_s: float) -> None:
        for kind, count in recorded.stored.items():
            self._telemetry.count("events_stored_total", count, type=kind)
        self._telemetry.count("duplicates_total", recorded.duplicates)
        for cause, count in recorded.dead.items():
            self._telemetry.count("dead_letters_total", count, cause=cause)
        observe_stage(self._telemetry, "record", took_s)
        self._telemetry.gauge("recorder_batch_events", len(batch))
        oldest_at = min(delivery.entry_id.published_at for delivery in batch)
        # By the clock of Redis' host, which numbers the entries, and ours.
        lag_s = (datetime.now(UTC) - oldest_at).total_seconds()
        self._telemetry.gauge("store_lag_seconds", max(0.0, lag_s))
        self._observe_delays(batch)

    def _observe_delays(self, batch: list[Delivery]) -> None:
        """Tell how long ago the intervals ended that SQL has now; by two hosts' clocks."""
        now = datetime.now(UTC)
        delays_s = [
            max(0.0, (now - delivery.event.to_at).total_seconds())
            for delivery in batch
            if isinstance(delivery.event, IntervalEvent)
        ]
        observe_all(self._telemetry, "store_seconds", delays_s, STORE_BOUNDS_S)


def _settings_of(fleet: Fleet) -> dict[str, CameraSettings]:
    secret = {"id", "source", "username", "password"}
    return {
        camera_id: CameraSettings(
            source=redact(str(camera.source)),
            settings=camera.model_dump(mode="json", exclude=secret),
        )
        for camera_id, camera in fleet.cameras.items()
    }
