"""Readings of a daemon, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from surveil.domain import CameraState, Reason
from surveil.live.status import (
    CameraStatus,
    DaemonStatus,
    FlowStatus,
    WorkerState,
    WorkerStatus,
    find_troubles,
    judge,
)

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def camera(name: str = "lobby", **more: Any) -> CameraStatus:
    """Return a camera that does what it should, but for what is given."""
    fields: dict[str, Any] = {
        "camera": name,
        "state": CameraState.LIVE,
        "reason": Reason.NONE,
        "detail": "",
        "since_at": AT - timedelta(minutes=5),
        "run": "01JD0000000000000000000000",
        "worker": "inference",
        "wanted_fps": 5.0,
        "captured_fps": 25.0,
        "analysed_fps": 5.0,
        "dropped": {},
        "dropped_fps": 0.0,
        "faces": 2,
        "reconnects": 0,
        "is_degraded": False,
    }
    return CameraStatus(**fields | more)


def worker(name: str = "inference", **more: Any) -> WorkerStatus:
    """Return a worker that is ready, but for what is given."""
    fields: dict[str, Any] = {
        "name": name,
        "role": name.partition(":")[0],
        "state": WorkerState.READY,
        "doing": "working",
        "pid": 4711,
        "up_s": 300.0,
        "starts": 1,
        "losses": {},
        "memory_bytes": 250_000_000,
        "ceiling_bytes": 1 << 30,
    }
    return WorkerStatus(**fields | more)


def daemon(
    *cameras: CameraStatus,
    workers: tuple[WorkerStatus, ...] | None = None,
    data_dir: str = "/srv/surveil/var",
) -> DaemonStatus:
    """Return a daemon with these cameras and workers, judged as the supervisor does."""
    workers = workers if workers is not None else (worker("recorder"), worker())
    troubles = find_troubles(workers, cameras)
    flow = FlowStatus(
        is_redis_up=True,
        spool_pending=3,
        spool_bytes=2000,
        publish_lag_s=0.1,
        store_lag_s=1.2,
        alert_lag_s=1.4,
        decision_s=0.12,
        decided_within_s=0.25,
    )
    return DaemonStatus(
        version="0.1.0",
        host="north",
        pid=4700,
        data_dir=data_dir,
        roles=("inference", "recorder", "alerter"),
        at=AT,
        started_at=AT - timedelta(hours=2),
        health=judge(workers, cameras, troubles, is_stopping=False),
        troubles=troubles,
        workers=workers,
        cameras=cameras,
        flow=flow,
        memory_bytes=540_000_000,
        carries=4,
        busy=0.62,
    )
