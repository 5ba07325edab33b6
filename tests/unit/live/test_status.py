"""The daemon in one word, and the words for what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kit import statuses

from surveil.domain import CameraState, Reason
from surveil.live.status import DaemonStatus, Health, WorkerState, judge


def test_json_gives_back_what_was_told() -> None:
    told = statuses.daemon(statuses.camera(), statuses.camera("door", since_at=None, faces=None))
    assert DaemonStatus.from_json(told.to_json()) == told


def test_fields_of_a_later_release_are_left_out() -> None:
    told = statuses.daemon(statuses.camera())
    later = json.loads(told.to_json()) | {"colour": "green"}
    assert DaemonStatus.from_json(json.dumps(later).encode()) == told


@pytest.mark.parametrize(
    ("camera", "health", "words"),
    [
        ({}, Health.LIVE, None),
        ({"state": CameraState.CONNECTING}, Health.STARTING, None),
        (
            {"state": CameraState.CONNECTING, "reconnects": 2},
            Health.DEGRADED,
            "camera lobby is connecting",
        ),
        (
            {"state": CameraState.OFFLINE, "reason": Reason.REFUSED},
            Health.DEGRADED,
            "camera lobby is offline: refused",
        ),
        (
            {"is_degraded": True, "analysed_fps": 2.0},
            Health.DEGRADED,
            "camera lobby is degraded: 40% of its frames are analysed",
        ),
        ({"state": CameraState.STOPPED, "reason": Reason.STREAM_ENDED}, Health.LIVE, None),
    ],
)
def test_a_camera_makes_the_health(
    camera: dict[str, Any], health: Health, words: str | None
) -> None:
    told = statuses.daemon(statuses.camera(**camera))
    assert told.health is health
    assert told.troubles == ((words,) if words else ())


@pytest.mark.parametrize(
    ("state", "starts", "health"),
    [
        (WorkerState.STARTING, 1, Health.STARTING),
        (WorkerState.STARTING, 2, Health.DEGRADED),
        (WorkerState.WAITING, 1, Health.DEGRADED),
        (WorkerState.DOWN, 3, Health.DEGRADED),
        (WorkerState.RETIRING, 1, Health.LIVE),
    ],
)
def test_a_worker_makes_the_health(state: WorkerState, starts: int, health: Health) -> None:
    worker = statuses.worker("recorder", state=state, starts=starts, doing="waiting for sql")
    told = statuses.daemon(statuses.camera(), workers=(worker,))
    assert told.health is health
    if health is Health.DEGRADED:
        assert told.troubles == (f"recorder is {state.value}: waiting for sql",)


def test_one_that_ends_is_stopping_whatever_else() -> None:
    assert judge((), (), ("camera a is offline",), is_stopping=True) is Health.STOPPING
