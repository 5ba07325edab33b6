"""Compose a supervisor from a fleet: which workers, which memory, which order of the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from surveil.config import Fleet
from surveil.errors import ConfigError
from surveil.events.embedded import EmbeddedRedis
from surveil.live.status import PORT_NAME
from surveil.logs import get_logger
from surveil.sqlite_place import check_place_of
from surveil.workers.host.assignments import LogOptions, assign
from surveil.workers.host.control import Message
from surveil.workers.host.datadir import DataDirLock
from surveil.workers.host.endpoint import Endpoint
from surveil.workers.host.file_watch import FileWatch
from surveil.workers.host.forks import ForkServer, fork_server
from surveil.workers.host.membership import Membership, check_shared
from surveil.workers.host.notify_socket import NotifySocket
from surveil.workers.host.placement import (
    names,
    place,
    threads_each,
    usable_cores,
    uses_gpu,
    workers_for,
)
from surveil.workers.host.process import WorkerSpec, worker_environment
from surveil.workers.host.redis_keeper import RedisKeeper
from surveil.workers.host.reloading import Reloading
from surveil.workers.host.restarts import RestartBudget
from surveil.workers.host.shares import (
    DRAIN_PHASE_S,
    PHASE_CONSUMERS,
    LiveRings,
    Share,
    capture_spec,
    doorbell,
    inference_spec,
    shared_ring,
)
from surveil.workers.host.status import StatusKeeper
from surveil.workers.host.supervisor import Supervisor

ROLES = ("inference", "recorder", "alerter", "web")
"""What one host can be asked to do. ``inference`` brings the capture processes of its cameras:
frames stay on the host that captured them."""


RULES_ROLES = ("alerter", "web")
"""Workers that know the rules: they are renewed when these change. Nothing pending is lost: it is
in SQL."""


def _consumers(
    in_force: Reloading,
    roles: Sequence[str],
    logs: LogOptions,
    membership: Membership | None,
    live: LiveRings,
) -> list[WorkerSpec]:
    """Return the workers that read events, and the one that shows what became of them."""
    fleet = in_force.fleet

    def holder() -> Mapping[str, object]:
        return {"holder": membership.host} if membership else {}

    more: dict[str, Callable[[], Mapping[str, object]]] = {
        "recorder": holder,
        "alerter": holder,
        "web": live.descriptors,
    }
    ceilings = {"recorder": fleet.memory.recorder, "alerter": fleet.memory.alerter}
    if fleet.web.enabled:
        ceilings["web"] = fleet.memory.web
    return [
        WorkerSpec(
            name=role,
            role=role,
            assignment=partial(_assign, role, in_force, logs, more[role]),
            pass_fds=live.fds if role == "web" else (),
            phase=PHASE_CONSUMERS,
            ceiling_bytes=ceiling_bytes,
            is_aside=role == "web",
        )
        for role, ceiling_bytes in ceilings.items()
        if role in roles
    ]


def _assign(
    role: str,
    in_force: Reloading,
    logs: LogOptions,
    more: Callable[[], Mapping[str, object]],
) -> Message:
    """Return an assignment by the rules, and the rings, that there are when the worker starts."""
    return assign(role, in_force.fleet, in_force.fleet.cameras, logs, **more())


def _watchers(
    fleet: Fleet, logs: LogOptions, stack: ExitStack
) -> tuple[list[WorkerSpec], LiveRings]:
    """Return the workers of all cameras, and what may be watched live.

    Their shared memory lives as long as ``stack``.
    """
    live = LiveRings()
    specs: list[WorkerSpec] = []
    cameras = [camera for camera in fleet.cameras.values() if camera.enabled]
    cores = usable_cores()
    workers = workers_for(fleet, cameras, cores)
    captures: list[WorkerSpec] = []
    for name, own in zip(names(workers), place(cameras, workers), strict=True):
        rings = {camera.id: stack.enter_context(shared_ring()) for camera in own}
        for camera in own:
            live.add(camera, rings[camera.id], stack)
        readings = {id_: ring for id_, ring in live.readings.items() if id_ in rings}
        listen_fd, ring_fd = doorbell(stack)
        threads = threads_each(workers, cores)
        share = Share(name, rings, listen_fd, names(workers), threads, readings=readings)
        specs.append(inference_spec(fleet, share, logs))
        captures += [capture_spec(fleet, one, rings[one.id], ring_fd, logs) for one in own]
    return specs + captures, live


def _forks(fleet: Fleet, roles: Sequence[str]) -> ForkServer | None:
    """Return what starts the workers of this host, importing first what cameras need."""
    stages = [role for role in ("inference", "recorder", "alerter") if role in roles]
    if "inference" in roles:
        stages = ["capture", *([] if uses_gpu(fleet) else ["engines"]), *stages]
    return fork_server(stages, worker_environment())


def serve(
    fleet: Fleet,
    *,
    roles: Sequence[str] = ROLES,
    logs: LogOptions | None = None,
    membership: Membership | None = None,
    manager: NotifySocket | None = None,
    read: Callable[[], Fleet] | None = None,
    fleet_file: Path | None = None,
) -> int:
    """Run a fleet in this process until SIGTERM or SIGINT; return the exit code.

    Args:
        fleet: The configuration.
        roles: What this host does.
        logs: How its workers log.
        membership: This host among others, where cameras are spread over several.
        manager: The service manager that started this process, which is told how it is.
        read: Reads the configuration again for its rules: when a SIGHUP asks for it, or a change.
        fleet_file: From which it is read; this and the files of its rules are watched.

    Raises:
        ConfigError: The roles do not fit the configuration, or something else is where the SQLite
            file should be.
        InUseError: The data directory, the HTTP port or the Redis socket belongs to another.
        WorkerFatalError: A worker met an error that no restart mends.
    """
    if fleet.redis == "embedded" and not set(ROLES) - {"web"} <= set(roles):
        raise ConfigError(
            "redis: embedded serves one host only; to spread roles over hosts,"
            " set redis: to the URL of a server that all of them reach"
        )
    if membership is not None:
        check_shared(fleet)
    if {"recorder", "alerter"} & set(roles):
        # Once, before anything starts: what the file becomes later is a server that is away.
        check_place_of(fleet.database.reveal())
    logs = logs or LogOptions()
    budget = RestartBudget(size=fleet.restarts.burst, refill_s=fleet.restarts.refill_s)
    with ExitStack() as stack:
        stack.enter_context(DataDirLock(fleet.data_dir))
        watches = "inference" in roles
        watchers: list[WorkerSpec] = []
        live = LiveRings()
        if watches and membership is None:
            watchers, live = _watchers(fleet, logs, stack)
        in_force = Reloading(fleet, read)
        specs = _consumers(in_force, roles, logs, membership, live) + watchers
        forks = _forks(fleet, roles)
        if forks is not None:
            stack.callback(forks.close)
        supervisor = Supervisor(
            specs,
            forks=forks,
            budget=budget,
            drain_phase_s=DRAIN_PHASE_S,
            ceiling_bytes=fleet.memory.supervisor,
            manager=manager or NotifySocket(),
            reload=lambda: RULES_ROLES if in_force.read_again() else (),
        )
        if fleet_file is not None and set(RULES_ROLES) & set(roles):
            watch = stack.enter_context(
                contextlib.closing(FileWatch(fleet_file, supervisor.request_reload))
            )
            watch.start()
        status = StatusKeeper(
            supervisor,
            data_dir=fleet.data_dir,
            roles=roles,
            wanted_fps={id_: camera.sample_fps for id_, camera in fleet.cameras.items()},
            now_mono_s=time.monotonic(),
            host=membership.host if membership is not None else None,
        )
        _serve_http(fleet, roles, supervisor, status, stack)
        if watches and membership is not None:
            # Here: SQLAlchemy, which a host alone does without.
            from surveil.workers.host.spreading import spread

            supervisor.tend = spread(fleet, membership, supervisor, logs, stack, live)
        if fleet.redis == "embedded":
            server = EmbeddedRedis(fleet.data_dir)
            stack.callback(server.stop)
            server.start()
            keeper = stack.enter_context(contextlib.closing(RedisKeeper(server, budget)))
            supervisor.tend = keeper.tend
        supervisor.tend = status.after(supervisor.tend)
        return supervisor.run()


def _serve_http(
    fleet: Fleet,
    roles: Sequence[str],
    supervisor: Supervisor,
    status: StatusKeeper,
    stack: ExitStack,
) -> None:
    endpoint = Endpoint(
        fleet.http.host,
        fleet.http.port,
        metrics=supervisor.board.exposition,
        status=lambda: status.status.to_json(),
        livez=supervisor.livez,
        readyz=status.readyz,
    )
    stack.callback(endpoint.close)
    (fleet.data_dir / PORT_NAME).write_text(str(endpoint.port), encoding="ascii")
    get_logger("supervisor").info(
        "supervisor.started",
        data_dir=str(fleet.data_dir),
        cameras=len(fleet.cameras),
        roles=list(roles),
        http=f"{fleet.http.host}:{endpoint.port}",
    )
