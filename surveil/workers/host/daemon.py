"""Compose a supervisor from a fleet: which workers, which memory, which order of the end."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from surveil.config import Camera, Fleet
from surveil.errors import ConfigError
from surveil.events.embedded import EmbeddedRedis
from surveil.logs import get_logger
from surveil.sources.ring import FrameRing, log_loss
from surveil.sqlite_place import check_place_of
from surveil.workers.host.assignments import LogOptions, assign
from surveil.workers.host.datadir import DataDirLock
from surveil.workers.host.endpoint import Endpoint
from surveil.workers.host.placement import (
    memory_ceiling,
    names,
    place,
    threads_each,
    usable_cores,
    workers_for,
)
from surveil.workers.host.process import WorkerSpec
from surveil.workers.host.redis_keeper import RedisKeeper
from surveil.workers.host.restarts import RestartBudget
from surveil.workers.host.supervisor import Supervisor

ROLES = ("inference", "recorder", "alerter")
"""What one host can be asked to do. ``inference`` brings the capture processes of its cameras:
frames stay on the host that captured them."""

PHASE_CAPTURE, PHASE_INFERENCE, PHASE_CONSUMERS = range(3)
DRAIN_PHASE_S = {PHASE_CAPTURE: 2.5, PHASE_INFERENCE: 3.5, PHASE_CONSUMERS: 3.0}
"""Captures end first, so that inference sees every run's end; then the consumers of its events."""


def _specs(
    fleet: Fleet, roles: Sequence[str], logs: LogOptions, stack: ExitStack
) -> list[WorkerSpec]:
    """Return the workers of this host; their shared memory lives as long as ``stack``."""
    specs: list[WorkerSpec] = []
    ceilings = {"recorder": fleet.memory.recorder, "alerter": fleet.memory.alerter}
    for role, ceiling_bytes in ceilings.items():
        if role in roles:
            specs.append(
                WorkerSpec(
                    name=role,
                    role=role,
                    assignment=partial(assign, role, fleet, fleet.cameras, logs),
                    phase=PHASE_CONSUMERS,
                    ceiling_bytes=ceiling_bytes,
                )
            )
    if "inference" not in roles:
        return specs
    cameras = [camera for camera in fleet.cameras.values() if camera.enabled]
    cores = usable_cores()
    workers = workers_for(fleet, cameras, cores)
    captures: list[WorkerSpec] = []
    for name, own in zip(names(workers), place(cameras, workers), strict=True):
        rings = {camera.id: stack.enter_context(_ring()) for camera in own}
        listen_fd, ring_fd = _doorbell(stack)
        share = _Share(name, rings, listen_fd, names(workers), threads_each(workers, cores))
        specs.append(_inference_spec(fleet, share, logs))
        captures += [_capture_spec(fleet, one, rings[one.id], ring_fd, logs) for one in own]
    return specs + captures


@dataclass(frozen=True)
class _Share:
    """What one inference worker has of this host.

    Attributes:
        name: Of the worker, and of its spool.
        rings: By camera.
        listen_fd: The end of the doorbell on which its captures ring.
        spools: Of all inference workers here.
        threads: That its networks may use on a CPU.
    """

    name: str
    rings: Mapping[str, FrameRing]
    listen_fd: int
    spools: Sequence[str]
    threads: int


def _doorbell(stack: ExitStack) -> tuple[int, int]:
    """Return the two ends of a pipe that nobody waits on, closed with ``stack``."""
    ends = os.pipe()
    for fd in ends:
        os.set_blocking(fd, False)
        stack.callback(os.close, fd)
    return ends


def _inference_spec(fleet: Fleet, share: _Share, logs: LogOptions) -> WorkerSpec:
    fds = {camera: ring.fd for camera, ring in share.rings.items()}
    return WorkerSpec(
        name=share.name,
        role="inference",
        assignment=lambda: assign(
            "inference",
            fleet,
            fds,
            logs,
            rings=fds,
            doorbell_fd=share.listen_fd,
            spool=share.name,
            spools=share.spools,
            threads=share.threads,
        ),
        pass_fds=(share.listen_fd, *fds.values()),
        phase=PHASE_INFERENCE,
        ceiling_bytes=memory_ceiling(fleet),
    )


def _capture_spec(
    fleet: Fleet, camera: Camera, ring: FrameRing, ring_fd: int, logs: LogOptions
) -> WorkerSpec:
    def say_lost() -> None:
        # At once, and not only by the replacement, which the restart budget may delay.
        log_loss(ring, datetime.now(UTC), time.monotonic())
        with contextlib.suppress(BlockingIOError):
            os.write(ring_fd, b"!")

    return WorkerSpec(
        name=f"capture:{camera.id}",
        role="capture",
        assignment=lambda: assign(
            "capture", fleet, [camera.id], logs, rings={camera.id: ring.fd}, doorbell_fd=ring_fd
        ),
        pass_fds=(ring.fd, ring_fd),
        phase=PHASE_CAPTURE,
        on_loss=say_lost,
    )


@contextmanager
def _ring() -> Iterator[FrameRing]:
    ring = FrameRing.create()
    try:
        yield ring
    finally:
        ring.close()


def serve(fleet: Fleet, *, roles: Sequence[str] = ROLES, logs: LogOptions | None = None) -> int:
    """Run a fleet in this process until SIGTERM or SIGINT; return the exit code.

    Raises:
        ConfigError: The roles do not fit the configuration, or something else is where the SQLite
            file should be.
        InUseError: The data directory, the HTTP port or the Redis socket belongs to another.
        WorkerFatalError: A worker met an error that no restart mends.
    """
    if fleet.redis == "embedded" and set(roles) != set(ROLES):
        raise ConfigError(
            "redis: embedded serves one host only; to spread roles over hosts,"
            " set redis: to the URL of a server that all of them reach"
        )
    if {"recorder", "alerter"} & set(roles):
        # Once, before anything starts: what the file becomes later is a server that is away.
        check_place_of(fleet.database.reveal())
    budget = RestartBudget(size=fleet.restarts.burst, refill_s=fleet.restarts.refill_s)
    with ExitStack() as stack:
        stack.enter_context(DataDirLock(fleet.data_dir))
        specs = _specs(fleet, roles, logs or LogOptions(), stack)
        supervisor = Supervisor(
            specs,
            budget=budget,
            drain_phase_s=DRAIN_PHASE_S,
            ceiling_bytes=fleet.memory.supervisor,
        )
        endpoint = Endpoint(
            fleet.http.host,
            fleet.http.port,
            metrics=supervisor.board.exposition,
            livez=supervisor.livez,
            readyz=supervisor.readyz,
        )
        stack.callback(endpoint.close)
        get_logger("supervisor").info(
            "supervisor.started",
            data_dir=str(fleet.data_dir),
            cameras=len(fleet.cameras),
            roles=list(roles),
            http=f"{fleet.http.host}:{endpoint.port}",
        )
        if fleet.redis == "embedded":
            server = EmbeddedRedis(fleet.data_dir)
            stack.callback(server.stop)
            server.start()
            keeper = stack.enter_context(contextlib.closing(RedisKeeper(server, budget)))
            supervisor.tend = keeper.tend
        return supervisor.run()
