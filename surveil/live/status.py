"""How a running daemon stands: computed by its supervisor alone, and told to all who ask.

Commands, dashboard, metrics and alerts never work this out for themselves, so they cannot disagree.
The supervisor takes a reading each second (:mod:`surveil.workers.host.status`) and serves it as
JSON under ``GET /status``; :mod:`surveil.live.asking` reads it back. Fields are only ever added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import TypeAdapter

from surveil.domain import CameraState, Reason

PORT_NAME = "http.port"
"""File below data_dir that holds the port, in digits, where a daemon listens."""

RATES_OVER_S = 10.0
"""Rates are means over so long, or since the daemon started."""


class Health(StrEnum):
    """The daemon in one word.

    ``starting``: something is not ready yet, and nothing is wrong. ``degraded``: it works, and
    something is wrong, which ``troubles`` names. ``stopping``: it was asked to end.
    """

    STARTING = "starting"
    LIVE = "live"
    DEGRADED = "degraded"
    STOPPING = "stopping"


class WorkerState(StrEnum):
    """Where a worker process stands.

    ``starting``: not ready yet for the first time. ``waiting``: it was, and lacks something now.
    ``renewing``: asked to end so that another takes its place. ``retiring``: asked to end for good.
    ``down``: no process, until the next start.
    """

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"
    RENEWING = "renewing"
    RETIRING = "retiring"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker process.

    Attributes:
        name: ``inference``, ``capture:lobby``, …
        role: Its role.
        state: Where it stands.
        doing: What it does or waits for, in words.
        pid: None while there is no process.
        up_s: Seconds since the process started; 0 without one.
        starts: How often it was started since the daemon was.
        losses: How often it was lost, by cause: killed, exit, hung, spawn-failed, budget-spent.
        memory_bytes: Private memory; None before the first reading.
        ceiling_bytes: Memory beyond which it is renewed; None where there is none.
    """

    name: str
    role: str
    state: WorkerState
    doing: str
    pid: int | None
    up_s: float
    starts: int
    losses: Mapping[str, int]
    memory_bytes: int | None
    ceiling_bytes: int | None


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One camera that this host watches. Counts are since the daemon started.

    Attributes:
        camera: Its id.
        state: Where its capture stands.
        reason: Why.
        detail: More, for people; free of credentials.
        since_at: Instant of the last change of state, UTC; None before the first.
        run: Run of that change; empty before the first.
        worker: Inference worker that analyses it.
        wanted_fps: Frames a second that are to be analysed.
        captured_fps: Frames a second that were decoded.
        analysed_fps: Frames a second that were analysed.
        dropped: Frames given up, by cause.
        dropped_fps: Frames a second given up, of all causes.
        faces: In its newest analysed frame; None where nobody knows or the privacy mode hides it.
        reconnects: How often it was opened again.
        is_degraded: Whether too little of it is analysed.
    """

    camera: str
    state: CameraState
    reason: Reason
    detail: str
    since_at: datetime | None
    run: str
    worker: str
    wanted_fps: float
    captured_fps: float
    analysed_fps: float
    dropped: Mapping[str, int]
    dropped_fps: float
    faces: int | None
    reconnects: int
    is_degraded: bool


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """Events on their way; None where no worker of this host says so.

    Attributes:
        is_redis_up: Whether all inference workers reach Redis.
        spool_pending: Events that SQL has not committed.
        spool_bytes: Their size.
        publish_lag_s: Age of the oldest that Redis does not have.
        store_lag_s: Age of what the recorder stored last, when it did.
        alert_lag_s: The same of what the alerter judged last.
        decision_s: Mean time from a picture's capture until its faces are classified.
        decided_within_s: Bound below which 95 of 100 of these times lie, of a histogram.
    """

    is_redis_up: bool | None
    spool_pending: int | None
    spool_bytes: int | None
    publish_lag_s: float | None
    store_lag_s: float | None
    alert_lag_s: float | None
    decision_s: float | None
    decided_within_s: float | None


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """One ``surveil run``.

    Attributes:
        version: Of surveil.
        host: The machine's name, or that of ``--host``.
        pid: Of the supervisor.
        data_dir: Absolute path; tells one fleet of a machine from another.
        roles: What it was asked to do.
        at: Instant of the reading, UTC.
        started_at: When it started, UTC.
        health: All of it in one word.
        troubles: What is wrong, one short sentence each, the same words everywhere.
        workers: In the order in which they are started.
        cameras: By id.
        flow: Events on their way.
        memory_bytes: Private memory of all processes of it.
        carries: How many of these cameras are analysed whole; None before that is known.
        busy: Part of its time that the busiest inference worker gives to frames, 0..1, of late:
            near 1 it is full. None before that is known.
    """

    version: str
    host: str
    pid: int
    data_dir: str
    roles: tuple[str, ...]
    at: datetime
    started_at: datetime
    health: Health
    troubles: tuple[str, ...]
    workers: tuple[WorkerStatus, ...]
    cameras: tuple[CameraStatus, ...]
    flow: FlowStatus
    memory_bytes: int
    carries: int | None
    busy: float | None = None

    @property
    def up_s(self) -> float:
        """Seconds from its start to this reading."""
        return (self.at - self.started_at).total_seconds()

    def within(self, sees: Callable[[str], bool]) -> DaemonStatus:
        """Return what somebody may know who may not see all cameras.

        Only those cameras, and nothing that tells of others by adding them up: no workers, no
        flow of events, no memory. The health is that of what is left.

        Args:
            sees: Whether a camera's id may be told.
        """
        cameras = tuple(one for one in self.cameras if sees(one.camera))
        troubles = find_troubles((), cameras)
        return replace(
            self,
            data_dir="",
            pid=0,
            health=judge((), cameras, troubles, is_stopping=self.health is Health.STOPPING),
            troubles=troubles,
            workers=(),
            cameras=tuple(replace(one, worker="") for one in cameras),
            flow=FlowStatus(None, None, None, None, None, None, None, None),
            memory_bytes=0,
            carries=None,
            busy=None,
        )

    def to_json(self) -> bytes:
        """Return what ``GET /status`` answers."""
        return _ADAPTER.dump_json(self)

    @classmethod
    def from_json(cls, body: bytes) -> DaemonStatus:
        """Return what :meth:`to_json` was made of; fields that are not known here are left out.

        Raises:
            ValueError: It is not such an answer.
        """
        return _ADAPTER.validate_json(body)


_ADAPTER = TypeAdapter(DaemonStatus)


def is_well(camera: CameraStatus) -> bool:
    """Return whether a camera does what it should: it is live, or a file that has come to its end.

    One that connects for the first time is neither well nor in trouble.
    """
    has_ended = camera.state is CameraState.STOPPED and camera.reason is Reason.STREAM_ENDED
    return has_ended or (camera.state is CameraState.LIVE and not camera.is_degraded)


def is_beginning(camera: CameraStatus) -> bool:
    """Return whether a camera connects for the first time, and has not failed to."""
    return camera.state is CameraState.CONNECTING and not camera.reconnects


def find_troubles(
    workers: Iterable[WorkerStatus], cameras: Iterable[CameraStatus]
) -> tuple[str, ...]:
    """Return what is wrong, in words that hold nothing but ids, states and reasons."""
    words = [
        f"{one.name} is {one.state.value}: {one.doing}"
        for one in workers
        if one.state in (WorkerState.WAITING, WorkerState.DOWN)
        or (one.state is WorkerState.STARTING and one.starts > 1)
    ]
    for one in cameras:
        if is_well(one) or is_beginning(one):
            continue
        if one.state is CameraState.LIVE:
            part = one.analysed_fps / one.wanted_fps
            words.append(f"camera {one.camera} is degraded: {part:.0%} of its frames are analysed")
        else:
            why = f": {one.reason.value}" if one.reason is not Reason.NONE else ""
            words.append(f"camera {one.camera} is {one.state.value}{why}")
    return tuple(words)


def judge(
    workers: Iterable[WorkerStatus],
    cameras: Iterable[CameraStatus],
    troubles: tuple[str, ...],
    *,
    is_stopping: bool,
) -> Health:
    """Return the daemon's health in one word."""
    if is_stopping:
        return Health.STOPPING
    if troubles:
        return Health.DEGRADED
    is_starting = any(one.state is WorkerState.STARTING for one in workers)
    return Health.STARTING if is_starting or any(map(is_beginning, cameras)) else Health.LIVE
