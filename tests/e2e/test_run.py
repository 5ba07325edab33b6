"""``surveil run`` as its users run it: the whole job, a dead camera, kills, and ends."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from kit.daemons import MEDIA, Daemon
from kit.waiting import until

from surveil.domain import CameraState, Reason
from surveil.live.status import DaemonStatus, Health
from surveil.simulate import RtspServer

Start = Callable[..., Daemon]

IDENTITY = """
    SELECT run_id, max(seq), count(*), count(DISTINCT seq) FROM
    (SELECT run_id, seq FROM interval UNION ALL SELECT run_id, seq FROM camera_event)
    GROUP BY run_id"""


@pytest.fixture
def server() -> Iterator[RtspServer]:
    clips = sorted(MEDIA.glob("*.mp4"))
    with RtspServer({"lobby": clips[0], "door": clips[1]}) as server:
        yield server


def assert_whole(daemon: Daemon) -> None:
    """Assert that nothing is missing and nothing stored twice."""
    rows = daemon.sql(IDENTITY)
    assert rows
    for run, last, stored, distinct in rows:
        assert last == stored == distinct, run


def settled(daemon: Daemon) -> DaemonStatus | None:
    """Return the daemon's status once pictures with faces flow."""
    code, body = daemon.http("/status")
    status = DaemonStatus.from_json(body.encode())
    lobby = next(one for one in status.cameras if one.camera == "lobby")
    is_flowing = lobby.analysed_fps > 0 and lobby.faces and status.flow.decision_s
    return status if code == 200 and is_flowing and status.flow.store_lag_s is not None else None


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1][1] != "Z"
    except FileNotFoundError:
        return False


def test_faces_reach_sql_and_a_dead_camera_holds_up_nobody(
    run_surveil: Start, server: RtspServer
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"rtsp://127.0.0.1:{closed.getsockname()[1]}/dead"
        daemon = run_surveil(
            {
                "lobby": {"source": server.url("lobby")},
                "door": {"source": server.url("door")},
                "dead": {"source": dead},
            }
        )
        query = "SELECT DISTINCT camera_id FROM observation"
        until(lambda: len(daemon.sql(query)) == 2, "faces of both cameras")
        states = daemon.sql(
            "SELECT DISTINCT state, reason FROM camera_event WHERE camera_id='dead'"
        )
        assert ("offline", "refused") in states
    assert daemon.http("/livez")[0] == 200
    until(lambda: daemon.http("/readyz")[0] == 200, "ready")
    captured = 'surveil_frames_captured_total{camera="lobby",worker="capture:lobby"}'
    until(lambda: captured in daemon.http("/metrics")[1], "captured, with the worker's next word")
    until(lambda: "surveil_events_stored_total" in daemon.http("/metrics")[1], "stored, as well")
    told = until(lambda: settled(daemon), "status")
    shown = {one.camera: (one.state, one.reason) for one in told.cameras}
    assert shown["lobby"] == shown["door"] == (CameraState.LIVE, Reason.NONE)
    assert told.health is Health.DEGRADED
    assert any(words.startswith("camera dead is ") for words in told.troubles)
    lobby = next(one for one in told.cameras if one.camera == "lobby")
    assert (lobby.worker, lobby.captured_fps > 0, lobby.run != "") == ("inference", True, True)
    assert told.data_dir == str((daemon.folder / "var").resolve())
    assert told.flow.is_redis_up
    assert told.flow.store_lag_s is not None
    assert told.flow.decision_s is not None
    assert told.memory_bytes > 10_000_000
    assert daemon.end() == 0
    assert_whole(daemon)
    ends = daemon.sql("SELECT camera_id, end_reason FROM run WHERE ended_at IS NOT NULL")
    assert {("lobby", "shutdown"), ("door", "shutdown")} <= set(ends)


def test_kill_9_of_workers_leaves_no_hole(run_surveil: Start, server: RtspServer) -> None:
    daemon = run_surveil({"lobby": {"source": server.url("lobby")}})
    intervals = "SELECT count(*) FROM interval WHERE analysed > 0"

    def analysed() -> int:
        rows = daemon.sql(intervals)
        return int(rows[0][0]) if rows else 0

    def has_grown(before: int) -> bool:
        return analysed() >= before + 4

    for name in ("recorder", "inference", "capture:lobby"):
        before = until(analysed, "intervals")
        os.kill(daemon.children()[name], signal.SIGKILL)
        until(partial(has_grown, before), f"intervals after the loss of {name}")
    assert daemon.end() == 0
    assert_whole(daemon)
    assert daemon.sql("SELECT count(*) FROM gap")[0][0] >= 2
    reasons = {reason for (reason,) in daemon.sql("SELECT end_reason FROM run")}
    assert "worker-lost" in reasons


def test_a_low_ceiling_renews_each_worker_once_and_loses_nothing(
    run_surveil: Start, server: RtspServer
) -> None:
    low = dict.fromkeys(("inference", "recorder", "alerter"), "16MiB")
    daemon = run_surveil({"lobby": {"source": server.url("lobby")}}, memory=low)

    def names(event: str) -> list[str]:
        return sorted(line["worker"] for line in daemon.lines() if line["event"] == event)

    until(lambda: names("worker.ceiling_too_low") == sorted(low), "each told of after its renewal")
    analysed = "SELECT count(*) FROM interval WHERE analysed > 0"
    before = daemon.sql(analysed)[0][0]
    until(lambda: daemon.sql(analysed)[0][0] >= before + 3, "intervals after that")
    metrics = daemon.http("/metrics")[1]
    for name in low:
        assert f'renewals_total{{cause="memory",of="{name}",worker="supervisor"}} 1.0' in metrics
    assert daemon.end() == 0
    assert names("worker.renewing") == names("worker.ceiling_too_low") == sorted(low)
    assert names("worker.lost") == []
    assert daemon.sql("SELECT count(*) FROM run") == [(1,)], "in the same run"
    assert_whole(daemon)


def test_two_workers_share_the_cameras_and_one_takes_over_all(
    run_surveil: Start, server: RtspServer
) -> None:
    cameras = {name: {"source": server.url("lobby")} for name in ("lobby", "door")}
    daemon = run_surveil(cameras, inference={"workers": 2})
    both = "SELECT count(DISTINCT camera_id) FROM interval WHERE analysed > 0"
    until(lambda: daemon.sql(both) == [(2,)], "intervals of both cameras")
    assert {"inference-0", "inference-1"} <= set(daemon.children())
    os.kill(daemon.children()["inference-0"], signal.SIGKILL)
    lost = "SELECT DISTINCT camera_id FROM gap WHERE reason = 'worker-lost'"
    until(lambda: daemon.sql(lost), "a gap")
    assert daemon.end() == 0
    assert len(daemon.sql(lost)) == 1, "the other worker's camera went on"
    assert_whole(daemon)
    spools = daemon.folder / "var" / "spool"
    assert {"inference-0.db", "inference-1.db"} <= {path.name for path in spools.iterdir()}

    again = run_surveil(cameras, inference={"workers": 1})
    until(lambda: len(again.sql("SELECT DISTINCT run_id FROM interval")) == 4, "new runs")
    until(lambda: {path.name for path in spools.glob("*.db")} == {"inference.db"}, "adoption")
    assert again.end() == 0
    assert_whole(again)


def test_kill_9_of_the_supervisor_leaves_no_process_and_no_lock(
    run_surveil: Start, server: RtspServer
) -> None:
    daemon = run_surveil({"lobby": {"source": server.url("lobby")}})
    until(lambda: daemon.sql("SELECT 1 FROM interval"), "intervals")
    pids = list(daemon.children().values())
    daemon.process.kill()
    daemon.process.wait()
    until(lambda: not any(is_alive(pid) for pid in pids), "workers end", limit_s=15.0)
    again = run_surveil({"lobby": {"source": server.url("lobby")}})
    runs = "SELECT count(DISTINCT run_id) FROM interval"
    until(lambda: again.sql(runs)[0][0] >= 2, "a new run")
    assert again.end() == 0
    assert_whole(again)


def test_a_data_dir_in_use_is_exit_4(run_surveil: Start, server: RtspServer) -> None:
    cameras = {"lobby": {"source": server.url("lobby")}}
    first = run_surveil(cameras)
    until(first.children, "start")
    second = run_surveil(cameras)
    assert second.process.wait(30) == 4
    assert f"in use by process {first.process.pid}" in second.log.read_text(encoding="utf-8")


def test_a_port_in_use_is_exit_4(run_surveil: Start, server: RtspServer) -> None:
    daemon = run_surveil({"lobby": {"source": server.url("lobby")}}, http={"port": server.port})
    assert daemon.process.wait(30) == 4
    assert f"pid {os.getpid()}" in daemon.log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "said"),
    [("missing", "no-such-model"), ("corrupt", "weights.safetensors")],
)
def test_a_bad_model_is_exit_3(
    run_surveil: Start, small_model: Path, tmp_path: Path, damage: str, said: str
) -> None:
    if damage == "missing":
        model = "no-such-model"
    else:
        folder = tmp_path / "broken"
        folder.mkdir()
        (folder / "model.json").write_bytes((small_model / "model.json").read_bytes())
        (folder / "weights.safetensors").write_bytes(b"\0" * 100)
        model = str(folder)
    clip = sorted(MEDIA.glob("*.mp4"))[0]
    daemon = run_surveil({"clip": {"source": f"file:{clip}", "loop": True}}, model=model)
    assert daemon.process.wait(60) == 3
    assert said in daemon.log.read_text(encoding="utf-8").splitlines()[-1]


def test_embedded_redis_refuses_a_part_of_the_roles(run_surveil: Start) -> None:
    daemon = run_surveil({"x": {"source": "usb:0"}}, "--roles", "recorder")
    assert daemon.process.wait(30) == 2
    assert "redis: embedded serves one host only" in daemon.log.read_text(encoding="utf-8")
