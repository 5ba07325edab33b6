"""The supervisor over real processes: replaces the lost, ends in order, leaves no orphan."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from kit.service_manager import Manager
from kit.waiting import until

from surveil.logs import configure_logs
from surveil.workers.host.liveness import Patience
from surveil.workers.host.notify_socket import NotifySocket
from surveil.workers.host.process import WorkerSpec
from surveil.workers.host.supervisor import Supervisor, WorkerFatalError

SCRIPT = Path(__file__).with_name("scripted_worker.py")
TESTS = Path(__file__).parents[3]


def spec(folder: Path, role: str, name: str, phase: int = 0) -> WorkerSpec:
    command = (sys.executable, str(SCRIPT))
    return WorkerSpec(name, role, lambda: {"folder": str(folder)}, phase=phase, command=command)


def starts(folder: Path, name: str) -> int:
    path = folder / name
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def serve(supervisor: Supervisor, conduct: Callable[[], None]) -> int:
    """Run ``conduct`` in a thread beside the loop, which must own the main thread for signals."""

    def body() -> None:
        try:
            conduct()
        finally:
            supervisor.request_stop()

    with ThreadPoolExecutor(1) as pool:
        conducted = pool.submit(body)
        code = supervisor.run()
        conducted.result()
    return code


def test_a_killed_worker_is_replaced_and_the_other_is_not_touched(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "good", "a"), spec(tmp_path, "good", "b")])

    def conduct() -> None:
        until(lambda: supervisor.readyz()[0], "both ready")
        until(lambda: supervisor.board.value("starts_total") == 2, "both count")
        os.kill(supervisor.pids()["a"], signal.SIGKILL)
        until(lambda: starts(tmp_path, "a") == 2, "a again")
        until(lambda: supervisor.board.value("starts_total") == 3, "counters go on")

    assert serve(supervisor, conduct) == 0
    assert starts(tmp_path, "b") == 1
    assert supervisor.board.value("worker_losses_total", of="a", cause="killed") == 1


def test_a_sighup_during_a_reload_asks_for_another(tmp_path: Path) -> None:
    reloads: list[bool] = []

    def reload() -> tuple[str, ...]:
        reloads.append(True)
        if len(reloads) == 1:
            signal.raise_signal(signal.SIGHUP)
        return ()

    supervisor = Supervisor([spec(tmp_path, "good", "a")], reload=reload)

    def conduct() -> None:
        until(lambda: supervisor.readyz()[0], "ready")
        os.kill(os.getpid(), signal.SIGHUP)
        until(lambda: len(reloads) == 2, "the second reload")

    assert serve(supervisor, conduct) == 0
    assert starts(tmp_path, "a") == 1


IMPATIENT = Patience(ping_every_s=0.1, answer_s=1.0, loading_s=20.0, idle_s=5.0)


@pytest.mark.parametrize(("role", "doing"), [("hangs", "working"), ("stuck", "importing")])
def test_a_hung_worker_is_killed_and_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], role: str, doing: str
) -> None:
    configure_logs("supervisor", json=True)
    specs = [spec(tmp_path, role, "stuck"), spec(tmp_path, "good", "b")]
    supervisor = Supervisor(specs, patience=IMPATIENT)
    assert serve(supervisor, lambda: until(lambda: starts(tmp_path, "stuck") >= 2, "again")) == 0
    hung = supervisor.board.value("worker_losses_total", of="stuck", cause="hung")
    assert hung >= 1
    assert starts(tmp_path, "b") == 1
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    said = [line for line in lines if line["event"] == "worker.hung"]
    assert len(said) == hung  # once a kill
    assert {line["doing"] for line in said} == {doing}
    assert all(line["silent_s"] >= line["limit_s"] > 0 for line in said)


def test_a_worker_whose_imports_hold_the_lock_is_waited_for(tmp_path: Path) -> None:
    supervisor = Supervisor(
        [spec(tmp_path, "imports", "slow")], patience=replace(IMPATIENT, loading_s=60.0)
    )

    def conduct() -> None:
        until(lambda: supervisor.readyz()[1]["waiting_for"] == {"slow": "importing"}, "the import")
        until(lambda: supervisor.readyz()[0], "ready")

    assert serve(supervisor, conduct) == 0
    assert starts(tmp_path, "slow") == 1
    assert supervisor.board.value("worker_losses_total", of="slow") == 0


def test_a_worker_that_lost_a_thread_is_replaced(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "maimed", "a")])
    assert serve(supervisor, lambda: until(lambda: starts(tmp_path, "a") >= 2, "again")) == 0
    assert supervisor.board.value("worker_losses_total", of="a", cause="hung") >= 1


def test_a_worker_beyond_its_ceiling_is_renewed_once_and_told_of_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("supervisor", json=True)
    large = replace(spec(tmp_path, "large", "a"), ceiling_bytes=48 << 20)
    supervisor = Supervisor([large, spec(tmp_path, "large", "b")], ceiling_bytes=1)
    said: list[str] = []

    def conduct() -> None:
        until(lambda: starts(tmp_path, "a") == 2, "another in its place")
        until(lambda: "worker.ceiling_too_low" in _events(capsys, said), "told")
        until(lambda: "supervisor.memory" in _events(capsys, said), "its own")

    assert serve(supervisor, conduct) == 0
    _events(capsys, said)
    assert [starts(tmp_path, name) for name in "ab"] == [2, 1]
    assert (tmp_path / "ends").read_text(encoding="utf-8").split().count("a") == 2  # in order
    board = supervisor.board
    assert board.value("worker_renewals_total", of="a", cause="memory") == 1
    assert board.value("worker_losses_total") == 0
    assert board.value("worker_memory_bytes", of="supervisor") > 1 << 20
    for event in ("worker.renewing", "worker.ceiling_too_low", "supervisor.memory"):
        assert said.count(event) == 1


def _events(capsys: pytest.CaptureFixture[str], said: list[str]) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    said.extend(json.loads(line)["event"] for line in lines if line.startswith("{"))
    return said


def test_a_worker_that_does_not_end_for_its_renewal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveil.workers.host.process.DRAIN_S", 0.5)
    large = replace(spec(tmp_path, "holds-large", "a"), ceiling_bytes=48 << 20)
    supervisor = Supervisor([large], drain_phase_s={0: 0.5})
    assert serve(supervisor, lambda: until(lambda: starts(tmp_path, "a") == 2, "again")) == 0
    assert supervisor.board.value("worker_losses_total", of="a", cause="killed") == 1


def test_what_a_worker_does_while_it_is_not_ready_again_is_no_news(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("supervisor", json=True)
    patience = Patience(ping_every_s=0.05)
    specs = [spec(tmp_path, "fidgets", "a")]
    supervisor = Supervisor(specs, patience=patience, say_every_s=0.0)
    seen: set[str] = set()

    def conduct() -> None:
        until(lambda: supervisor.readyz()[0], "ready")
        until(lambda: not supervisor.readyz()[0], "not ready again")
        until(lambda: len(_note(supervisor, seen)) > 5, "many steps")

    assert serve(supervisor, conduct) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    names = [line["event"].removeprefix("supervisor.") for line in lines]
    after = names[names.index("ready") :]
    assert [name for name in after if name in ("ready", "waiting")] == ["ready", "waiting"]


def _note(supervisor: Supervisor, seen: set[str]) -> set[str]:
    seen.update(supervisor.readyz()[1]["waiting_for"].values())
    return seen


def test_a_pause_of_the_supervisor_itself_kills_nobody(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "good", "a")])

    def turned(condition: Callable[[], bool]) -> Callable[[], bool]:
        def turn() -> bool:
            supervisor.turn(time.monotonic())
            return condition()

        return turn

    until(turned(lambda: supervisor.readyz()[0]), "ready")
    now = time.monotonic()
    supervisor.turn(now + 3600.0)  # the next turn comes an hour late
    supervisor.turn(now + 3600.1)
    assert supervisor.board.value("worker_losses_total", of="a") == 0
    assert supervisor.pids()
    supervisor.request_stop()
    supervisor.run()


def test_a_worker_that_always_exits_is_backed_off(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "exits", "a")])
    supervisor.budget.size = 2
    assert serve(supervisor, lambda: until(lambda: starts(tmp_path, "a") >= 2, "again")) == 0
    assert supervisor.board.value("worker_losses_total", of="a", cause="exit") >= 1


def test_phases_end_in_order(tmp_path: Path) -> None:
    specs = [spec(tmp_path, "good", name, phase) for name, phase in (("c", 2), ("a", 0), ("b", 1))]
    supervisor = Supervisor(specs)
    assert serve(supervisor, lambda: until(lambda: supervisor.readyz()[0], "all ready")) == 0
    assert (tmp_path / "ends").read_text(encoding="utf-8").split() == ["a", "b", "c"]


def test_workers_come_and_go_and_those_that_go_end_in_order(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "good", "stays")])
    come = [spec(tmp_path, "good", "feeds", 0), spec(tmp_path, "good", "eats", 1)]
    asked: list[str] = []
    seen: list[set[str]] = []

    def tend(_: float) -> None:
        seen.append({name for name in ("feeds", "eats") if supervisor.employs(name)})
        if asked == ["come"]:
            supervisor.add(come)
        elif asked == ["go"]:
            supervisor.retire({"feeds", "eats"})
        asked.clear()

    supervisor.tend = tend

    def conduct() -> None:
        until(lambda: supervisor.readyz()[0], "the first")
        asked.append("come")
        until(lambda: len(supervisor.pids()) == 3 and supervisor.readyz()[0], "all three")
        asked.append("go")
        until(lambda: set(supervisor.pids()) == {"stays"}, "the end of two")

    assert serve(supervisor, conduct) == 0
    assert [starts(tmp_path, name) for name in ("stays", "feeds", "eats")] == [1, 1, 1]
    assert {"feeds"} not in seen  # who eats is asked to end once who feeds has
    assert supervisor.board.value("worker_losses_total") == 0


def test_a_worker_that_will_not_end_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "holds", "a")], drain_phase_s={0: 0.5})
    pids: list[int] = []

    def conduct() -> None:
        until(lambda: supervisor.readyz()[0], "ready")
        pids.extend(supervisor.pids().values())

    assert serve(supervisor, conduct) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_an_error_that_no_restart_mends_ends_all_with_its_code(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "good", "b"), spec(tmp_path, "fatal", "a")])
    with pytest.raises(WorkerFatalError, match="a: weights are corrupt") as caught:
        supervisor.run()
    assert caught.value.exit_code == 3
    assert supervisor.pids() == {}


def test_kill_9_of_the_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    program = f"""
import sys
sys.path[:0] = [{str(SCRIPT.parent)!r}, {str(TESTS)!r}]
from pathlib import Path
from test_supervisor import spec
from surveil.workers.host.supervisor import Supervisor
folder = Path({str(tmp_path)!r})
Supervisor([spec(folder, "good", "a"), spec(folder, "good", "b")]).run()
"""
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as parent:
        until(lambda: starts(tmp_path, "a") == starts(tmp_path, "b") == 1, "both run")
        children = [int((tmp_path / name).read_text(encoding="utf-8")) for name in ("a", "b")]
        parent.kill()
    until(lambda: not any(_is_alive(pid) for pid in children), "children end", limit_s=12.0)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_the_service_manager_hears_how_it_is(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    notify = NotifySocket(manager.name, watchdog_s=0.4)
    supervisor = Supervisor([spec(tmp_path, "good", "a")], manager=notify)
    heard: list[str] = []

    def conduct() -> None:
        until(lambda: supervisor.readyz()[0], "ready")

        def is_told() -> bool:
            heard.extend(manager.heard())
            return "STATUS=1 of 1 workers ready" in heard and heard.count("WATCHDOG=1") > 3

        until(is_told, "the manager knows")

    assert serve(supervisor, conduct) == 0
    heard += manager.heard()
    assert heard.count("READY=1") == 1
    assert "STATUS=0 of 1 workers ready; a: " in "\n".join(heard)
    assert heard[-2:] == ["STOPPING=1", "STATUS=ending the workers"]
    notify.close()
    manager.sock.close()
