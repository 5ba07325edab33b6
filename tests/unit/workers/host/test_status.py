"""From the supervisor's workers and counters to the daemon's status."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from surveil.domain import CameraState, Reason
from surveil.live.status import Health, WorkerState
from surveil.sources.statelog import StateRecord
from surveil.workers.host.process import WorkerSpec
from surveil.workers.host.status import Rates, StatusKeeper
from surveil.workers.host.supervisor import Supervisor

LIVE = StateRecord(
    3, "01JD", datetime(2026, 3, 1, tzinfo=UTC), CameraState.LIVE, Reason.NONE, "with love"
)


@pytest.fixture
def supervisor() -> Supervisor:
    """One whose loop does not turn: nothing is started."""
    capture = WorkerSpec("capture:a", "capture", dict, camera="a", last_state=lambda: LIVE)
    silent = WorkerSpec("capture:b", "capture", dict, camera="b")
    return Supervisor([capture, silent, WorkerSpec("i", "inference", dict, analyses=("a", "b"))])


def make(supervisor: Supervisor, tmp_path: Path) -> StatusKeeper:
    return StatusKeeper(
        supervisor,
        data_dir=tmp_path,
        roles=("inference",),
        wanted_fps={"a": 5.0, "b": 5.0},
        now_mono_s=999.0,
    )


def test_a_camera_is_what_its_log_and_the_counters_say(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    keeper = make(supervisor, tmp_path)
    keeper.tend(1000.0)
    dropped = "frames_dropped_total"
    supervisor.board.put(
        "i",
        [
            ("frames_analysed_total", {"camera": "a"}, 20.0),
            (dropped, {"camera": "a", "cause": "stale"}, 4.0),
            ("faces_in_view", {"camera": "a"}, 2.0),
            ("faces_in_view", {"camera": "b"}, 2.0),
            ("camera_degraded", {"camera": "b"}, 1.0),
            ("cameras_carried", {}, 1.0),
            ("decision_seconds_bucket", {"le": "0.1"}, 10.0),
            ("decision_seconds_bucket", {"le": "0.5"}, 20.0),
            ("decision_seconds_bucket", {"le": "+Inf"}, 20.0),
            ("decision_seconds_sum", {}, 4.0),
            ("stage_seconds_sum", {"stage": "analyse"}, 3.0),
            ("stage_seconds_sum", {"stage": "detect"}, 2.0),
        ],
    )
    supervisor.board.put("capture:a", [(dropped, {"camera": "a", "cause": "busy"}, 6.0)])
    keeper.tend(1000.5)
    assert keeper.status.cameras[0].dropped == {}, "a reading each second is enough"
    keeper.tend(1005.0)
    a, b = keeper.status.cameras
    assert (a.state, a.detail, a.run, a.worker) == (CameraState.LIVE, "with love", "01JD", "i")
    assert (a.dropped, a.faces) == ({"busy": 6, "stale": 4}, 2)
    assert a.analysed_fps == pytest.approx(4.0, rel=0.3)
    assert (b.state, b.since_at, b.is_degraded) == (CameraState.CONNECTING, None, True)
    assert b.faces is None, "of a camera that is not live nobody knows"
    flow = keeper.status.flow
    assert (flow.decision_s, flow.decided_within_s) == (0.2, 0.5)
    assert (flow.store_lag_s, flow.is_redis_up) == (None, None)
    assert keeper.status.carries == 1
    assert keeper.status.busy == 0.5
    is_ready, body = keeper.readyz()
    assert is_ready == supervisor.readyz()[0], "overload alone keeps nobody from being ready"
    assert (body["degraded"], body["cameras"], body["carries"]) == (["b"], 2, 1)


def test_workers_that_were_not_started_yet_are_starting(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    status = make(supervisor, tmp_path).status
    assert {one.state for one in status.workers} == {WorkerState.STARTING}
    assert (status.health, status.troubles) == (Health.STARTING, ())
    assert set(make(supervisor, tmp_path).readyz()[1]) == {"waiting_for"}


def test_one_that_was_asked_to_end_says_so_before_its_loop_does(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    keeper = make(supervisor, tmp_path)
    supervisor.request_stop()
    assert keeper.status.health is Health.STOPPING


def test_rates_are_of_the_last_seconds_alone() -> None:
    rates = Rates()
    rates.see(0.0, {("n", "a"): 1000.0})
    assert rates.of("n", "a") == 0.0
    for second in range(1, 31):
        rates.see(float(second), {("n", "a"): 1000.0 + 5.0 * max(0, second - 15)})
    assert rates.of("n", "a") == pytest.approx(5.0)
    rates.see(31.0, {("n", "a"): 0.0})
    assert rates.of("n", "a") == 0.0, "never negative"
