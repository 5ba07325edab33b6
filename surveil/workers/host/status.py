"""Take the reading of how this daemon stands, once a second, in the supervisor's loop.

The endpoint's threads get the last reading; they compute nothing, so that a client costs nothing.
"""

from __future__ import annotations

import math
import os
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from surveil.domain import CameraState, Reason
from surveil.live.status import (
    RATES_OVER_S,
    CameraStatus,
    DaemonStatus,
    FlowStatus,
    Health,
    WorkerState,
    WorkerStatus,
    find_troubles,
    judge,
)
from surveil.workers.host.board import MetricLabels
from surveil.workers.host.process import WorkerProcess
from surveil.workers.host.supervisor import Supervisor

EVERY_S = 1.0

_PER_CAMERA = ("frames_captured_total", "frames_analysed_total", "frames_dropped_total")
_DECISION = "decision_seconds"
_ANALYSIS = "stage_seconds_sum"

Counts = Mapping[tuple[str, MetricLabels], float]


class StatusKeeper:
    """Keeps the newest reading of a supervisor.

    Args:
        supervisor: Whose workers these are; read in its loop's thread alone.
        data_dir: Of the fleet.
        roles: What this host was asked to do.
        wanted_fps: By camera, of all that this host may come to watch.
        now_mono_s: Monotonic present; the first reading is taken at once.
        host: What it is called; by default the machine's name.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        *,
        data_dir: Path,
        roles: Sequence[str],
        wanted_fps: Mapping[str, float],
        now_mono_s: float,
        host: str | None = None,
    ) -> None:
        self._supervisor = supervisor
        self._data_dir = str(data_dir.resolve())
        self._roles = tuple(roles)
        self._wanted_fps = wanted_fps
        self._host = host or socket.gethostname()
        self._version = version("surveil")
        self._started_at = datetime.now(UTC)
        self._rates = Rates()
        self._due_mono_s = 0.0
        self._lock = threading.Lock()
        self._status = self._read(now_mono_s)

    @property
    def status(self) -> DaemonStatus:
        """The last reading; of one that was asked to end, it says so at once."""
        with self._lock:
            status = self._status
        if self._supervisor.is_stopping and status.health is not Health.STOPPING:
            return replace(status, health=Health.STOPPING)
        return status

    def readyz(self) -> tuple[bool, dict[str, Any]]:
        """Return whether the daemon is ready, and whether this host carries its cameras.

        One that is overloaded works, with fewer frames of each: it is ready, and says so.
        """
        is_ready, body = self._supervisor.readyz()
        status = self.status
        degraded = [one.camera for one in status.cameras if one.is_degraded]
        if degraded:
            body |= {
                "degraded": degraded,
                "cameras": len(status.cameras),
                "carries": status.carries,
            }
        return is_ready, body

    def after(self, tend: Callable[[float], None]) -> Callable[[float], None]:
        """Return what the loop is to call: ``tend``, and then a reading if one is due."""

        def both(now_mono_s: float) -> None:
            tend(now_mono_s)
            self.tend(now_mono_s)

        return both

    def tend(self, now_mono_s: float) -> None:
        """Take a reading if one is due; called in each turn of the supervisor's loop."""
        if now_mono_s < self._due_mono_s:
            return
        self._due_mono_s = now_mono_s + EVERY_S
        status = self._read(now_mono_s)
        with self._lock:
            self._status = status

    def _read(self, now_mono_s: float) -> DaemonStatus:
        processes = self._supervisor.workers
        totals = Totals(self._supervisor.board.samples())
        self._rates.see(now_mono_s, totals.rated())
        losses = self._supervisor.losses
        workers = tuple(_worker(one, now_mono_s, losses) for one in processes)
        analysts = {id_: one.spec.name for one in processes for id_ in one.spec.analyses}
        cameras = tuple(
            self._camera(one, analysts.get(one.spec.camera, ""), totals)
            for one in sorted(processes, key=lambda one: one.spec.camera)
            if one.spec.camera
        )
        troubles = find_troubles(workers, cameras)
        health = judge(workers, cameras, troubles, is_stopping=self._supervisor.is_stopping)
        own_bytes = self._supervisor.own_bytes or 0
        carried = totals.find("cameras_carried")
        return DaemonStatus(
            version=self._version,
            host=self._host,
            pid=os.getpid(),
            data_dir=self._data_dir,
            roles=self._roles,
            at=datetime.now(UTC),
            started_at=self._started_at,
            health=health,
            troubles=troubles,
            workers=workers,
            cameras=cameras,
            flow=_flow(totals, self._rates),
            memory_bytes=own_bytes + sum(one.memory_bytes or 0 for one in workers),
            carries=int(sum(carried)) if carried else None,
            busy=_busy(self._rates),
        )

    def _camera(self, process: WorkerProcess, analyst: str, totals: Totals) -> CameraStatus:
        camera = process.spec.camera
        last = process.spec.last_state()
        faces = totals.find("faces_in_view", camera=camera)
        is_live = last is not None and last.state is CameraState.LIVE
        rate = self._rates.of
        return CameraStatus(
            camera=camera,
            state=last.state if last else CameraState.CONNECTING,
            reason=last.reason if last else Reason.NONE,
            detail=last.detail if last else "",
            since_at=last.at if last else None,
            run=last.run if last else "",
            worker=analyst,
            wanted_fps=self._wanted_fps.get(camera, 0.0),
            captured_fps=rate("frames_captured_total", camera),
            analysed_fps=rate("frames_analysed_total", camera),
            dropped=totals.by_cause("frames_dropped_total", camera),
            dropped_fps=rate("frames_dropped_total", camera),
            faces=int(max(faces)) if faces and is_live else None,
            reconnects=int(sum(totals.find("reconnects_total", camera=camera))),
            is_degraded=any(totals.find("camera_degraded", camera=camera)),
        )


class Totals:
    """One look at the board, sorted by name."""

    def __init__(self, samples: Counts) -> None:
        self._by_name: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        self._of_camera: dict[tuple[str, str], list[tuple[dict[str, str], float]]] = defaultdict(
            list
        )
        for (name, labels), value in samples.items():
            found = dict(labels)
            self._by_name[name].append((found, value))
            if "camera" in found:
                self._of_camera[name, found["camera"]].append((found, value))

    def find(self, name: str, *, camera: str | None = None) -> list[float]:
        """Return the values of a name, of all workers and label values."""
        known = self._by_name.get(name) if camera is None else self._of_camera.get((name, camera))
        return [value for _, value in known or ()]

    def by_cause(self, name: str, camera: str) -> dict[str, int]:
        """Return a camera's counts by the label ``cause``."""
        counts: dict[str, int] = {}
        for labels, value in self._of_camera.get((name, camera), ()):
            counts[labels["cause"]] = counts.get(labels["cause"], 0) + int(value)
        return dict(sorted(counts.items()))

    def rated(self) -> dict[tuple[str, str], float]:
        """Return the counters whose rates are told: by name, and camera or bucket."""
        rated = {
            key: sum(value for _, value in rows)
            for key, rows in self._of_camera.items()
            if key[0] in _PER_CAMERA
        }
        rated[_DECISION, "sum"] = sum(self.find(f"{_DECISION}_sum"))
        for labels, value in self._by_name.get(f"{_DECISION}_bucket", ()):
            key = (_DECISION, labels["le"])
            rated[key] = rated.get(key, 0.0) + value
        for labels, value in self._by_name.get(_ANALYSIS, ()):
            if labels["stage"] == "analyse":
                rated[_ANALYSIS, labels["worker"]] = value
        return rated


class Rates:
    """How fast counters grew over the last :data:`RATES_OVER_S`; used by one thread."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, dict[tuple[str, str], float]]] = deque()

    def see(self, now_mono_s: float, counts: dict[tuple[str, str], float]) -> None:
        """Take a reading of all counters."""
        self._readings.append((now_mono_s, counts))
        while len(self._readings) > 2 and now_mono_s - self._readings[1][0] >= RATES_OVER_S:
            self._readings.popleft()

    def of(self, name: str, key: str) -> float:
        """Return the growth a second, to two places; 0 before two readings."""
        (first_s, _), (last_s, _) = self._readings[0], self._readings[-1]
        span_s = last_s - first_s
        return round(self.growth(name, key) / span_s, 2) if span_s > 0 else 0.0

    def growth(self, name: str, key: str) -> float:
        """Return by how much a counter grew."""
        (_, first), (_, last) = self._readings[0], self._readings[-1]
        return max(0.0, last.get((name, key), 0.0) - first.get((name, key), 0.0))

    def keys(self, name: str) -> list[str]:
        """Return what there is of a name."""
        return [key for found, key in self._readings[-1][1] if found == name]


def _worker(
    process: WorkerProcess, now_mono_s: float, losses: Mapping[tuple[str, str], int]
) -> WorkerStatus:
    name = process.spec.name
    return WorkerStatus(
        name=name,
        role=process.spec.role,
        state=_state(process),
        doing=process.doing,
        pid=process.pid,
        up_s=round(process.lived_s(now_mono_s), 1) if process.is_running else 0.0,
        starts=process.starts,
        losses={cause: count for (of, cause), count in losses.items() if of == name},
        memory_bytes=process.held_bytes,
        ceiling_bytes=process.spec.ceiling_bytes,
    )


def _state(process: WorkerProcess) -> WorkerState:
    if process.is_retiring:
        return WorkerState.RETIRING
    if not process.is_running:
        return WorkerState.DOWN if process.starts else WorkerState.STARTING
    if process.is_renewing:
        return WorkerState.RENEWING
    if process.is_ready:
        return WorkerState.READY
    return WorkerState.WAITING if process.liveness.was_ready else WorkerState.STARTING


def _flow(totals: Totals, rates: Rates) -> FlowStatus:
    def most(name: str) -> float | None:
        return max(totals.find(name), default=None)

    def together(name: str) -> int | None:
        found = totals.find(name)
        return int(sum(found)) if found else None

    up = totals.find("redis_up")
    decided = rates.growth(_DECISION, "+Inf")
    return FlowStatus(
        is_redis_up=all(up) if up else None,
        spool_pending=together("spool_pending"),
        spool_bytes=together("spool_bytes"),
        publish_lag_s=most("publish_lag_seconds"),
        store_lag_s=most("store_lag_seconds"),
        alert_lag_s=most("alert_evaluation_lag_seconds"),
        decision_s=round(rates.growth(_DECISION, "sum") / decided, 3) if decided else None,
        decided_within_s=_bound(rates, 0.95 * decided) if decided else None,
    )


def _busy(rates: Rates) -> float | None:
    """Return the part of the time in which the busiest inference worker analysed frames."""
    of_workers = [rates.of(_ANALYSIS, worker) for worker in rates.keys(_ANALYSIS)]
    return min(1.0, max(of_workers)) if of_workers else None


def _bound(rates: Rates, wanted: float) -> float | None:
    """Return the lowest bound of a bucket that holds so many; None where only infinity does."""
    bounds = sorted((float(key), key) for key in rates.keys(_DECISION) if key != "sum")
    for bound, key in bounds:
        if rates.growth(_DECISION, key) >= wanted and math.isfinite(bound):
            return bound
    return None
