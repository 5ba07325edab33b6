"""``surveil status`` and ``surveil top``: against a daemon's port, and against SQL alone."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kit import statuses
from kit.events import CameraLife, after
from kit.waiting import until
from rich.console import Console

from surveil.cli.main import cli
from surveil.cli.status_tables import draw_absent, draw_status, lasted
from surveil.domain import CameraState, Reason
from surveil.errors import ConfigError, UnavailableError
from surveil.live.status import DaemonStatus, Health, WorkerState
from surveil.store.engine import connect, writing
from surveil.store.ingest import write_batch
from surveil.store.migrate import upgrade
from surveil.workers.host.endpoint import Endpoint

Serve = Callable[[DaemonStatus], Path]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Listen as a daemon does; return the fleet file."""
    with ExitStack() as stack:

        def start(status: DaemonStatus) -> Path:
            endpoint = Endpoint(
                *("127.0.0.1", 0),
                metrics=bytes,
                status=status.to_json,
                livez=lambda: (True, {}),
                readyz=lambda: (True, {}),
            )
            stack.callback(endpoint.close)
            return write_fleet(tmp_path, endpoint.port)

        yield start


def write_fleet(folder: Path, port: int) -> Path:
    path = folder / "fleet.yaml"
    # Whoever asks need not have the cameras' secrets.
    path.write_text(
        f"http: {{port: {port}}}\n"
        "cameras: {a: {source: 'rtsp://h/x', username: u, password: '${env:NOT_SET}'}}\n",
        encoding="utf-8",
    )
    return path


def own(folder: Path, *cameras: Any, **more: Any) -> DaemonStatus:
    """Return the status of a daemon whose data_dir is the fleet file's."""
    return statuses.daemon(*cameras, data_dir=str((folder / "var").resolve()), **more)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


def test_a_daemon_that_is_live_ends_with_0(serve: Serve, tmp_path: Path) -> None:
    status = own(tmp_path, statuses.camera())
    fleet = serve(status)
    told = run("status", fleet, "--json")
    assert told.exit_code == 0
    assert json.loads(told.stdout) == {"running": True, **json.loads(status.to_json())}
    for words in (("status", fleet), ("top", fleet, "--once")):
        shown = run(*words)
        assert shown.exit_code == 0
        assert "surveil 0.1.0 on north  live for 2h 00m" in shown.stdout
        assert "lobby" in shown.stdout


def test_one_that_is_not_all_live_ends_with_6_and_says_why(serve: Serve, tmp_path: Path) -> None:
    dead = statuses.camera("dead", state=CameraState.OFFLINE, reason=Reason.TIMEOUT)
    fleet = serve(own(tmp_path, statuses.camera(), dead))
    shown = run("status", fleet)
    assert shown.exit_code == 6
    assert "camera dead is offline: timeout" in shown.stdout


def test_without_a_daemon_sql_says_as_of_when_and_it_ends_with_7(tmp_path: Path) -> None:
    fleet = write_fleet(tmp_path, 0)
    nothing = run("status", fleet)
    assert nothing.exit_code == 7
    assert "no daemon has run" in nothing.stdout
    assert "no database at" in nothing.stdout
    (tmp_path / "var").mkdir()
    database = connect(f"sqlite:///{tmp_path}/var/surveil.db")
    upgrade(database)
    life = CameraLife().says(0, CameraState.LIVE).sees(0, 1)
    life.says(7, CameraState.STOPPED, Reason.SHUTDOWN)
    with writing(database) as connection:
        write_batch(connection, life)
    database.dispose()
    told = run("status", fleet, "--json")
    assert told.exit_code == 7
    found = json.loads(told.stdout)
    assert (found["running"], found["as_of_at"]) == (False, after(7).isoformat())
    (camera,) = found["cameras"]
    assert (camera["state"], camera["reason"]) == ("stopped", "shutdown")
    assert camera["analysed_until_at"] == after(1).isoformat()
    assert "as of 2026-03-01 09:59:57 UTC" in run("top", fleet, "--once").stdout


def test_the_daemon_of_another_fleet_is_not_taken_for_it(serve: Serve) -> None:
    fleet = serve(statuses.daemon(statuses.camera()))
    shown = run("status", fleet)
    assert shown.exit_code == 7
    assert "another fleet's, whose data_dir is /srv/surveil/var" in " ".join(shown.stdout.split())


def many(count: int) -> DaemonStatus:
    long = "entrance-of-the-north-wing"
    cameras = [statuses.camera(f"{long}-{number:02}") for number in range(count)]
    cameras[-1] = replace(cameras[-1], state=CameraState.FROZEN, reason=Reason.FROZEN_PICTURE)
    workers = (statuses.worker("recorder", state=WorkerState.WAITING, doing="waiting for sql"),)
    return statuses.daemon(*cameras, workers=(*workers, statuses.worker()))


def drawn(draw: Callable[[Console], None], width: int = 80) -> list[str]:
    out = io.StringIO()
    draw(Console(file=out, width=width, height=24))
    return out.getvalue().splitlines()


def test_a_screen_of_80_by_24_holds_what_is_wrong() -> None:
    status = many(50)
    lines = drawn(lambda console: draw_status(console, status, most_lines=24))
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "recorder is waiting: waiting for sql" in text
    assert "camera entrance-of-the-north-wing-49 is frozen: frozen-picture" in text
    assert "more that do well" in text
    assert status.health is Health.DEGRADED


def test_how_many_cameras_are_carried_is_said_where_too_little_is_analysed() -> None:
    frozen = statuses.camera("b", state=CameraState.FROZEN, reason=Reason.FROZEN_PICTURE)
    slow = replace(statuses.camera("c"), is_degraded=True)
    for cameras, carries, words in (
        ([frozen], 1, ""),
        ([frozen, slow], 1, "carries 1 camera like these"),
        ([slow], 2, "carries 2 cameras like these"),
    ):
        status = replace(statuses.daemon(statuses.camera(), *cameras), carries=carries)
        text = " ".join(" ".join(drawn(lambda out: draw_status(out, status))).split())  # noqa: B023
        assert words in text
        assert ("carries" in text) == bool(words)


def test_the_table_leaves_nothing_out_and_cuts_nothing() -> None:
    lines = drawn(lambda console: draw_status(console, many(30)))
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
    text = "".join(line.replace(" ", "") for line in lines)
    assert text.count("5.0/5") == 30


def test_what_a_camera_is_called_is_shown_and_not_obeyed() -> None:
    status = statuses.daemon(statuses.camera(detail="\x1b[31m"), statuses.camera("a\x1b[2J"))
    assert "\x1b" not in "\n".join(drawn(lambda console: draw_status(console, status)))


def test_top_draws_until_q_and_leaves_the_terminal_as_it_was(serve: Serve, tmp_path: Path) -> None:
    fleet = serve(own(tmp_path, statuses.camera()))
    ours, theirs = pty.openpty()
    before = subprocess.run(["stty", "-g"], stdin=theirs, capture_output=True, check=True).stdout
    process = subprocess.Popen(
        [sys.executable, "-m", "surveil.cli.main", "top", str(fleet)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
    )
    seen = bytearray()

    def has_drawn() -> bool:
        seen.extend(os.read(ours, 65536))
        return b"lobby" in seen

    until(has_drawn, "a screen")
    os.write(ours, b"q")

    def has_left() -> bool:
        if b"\x1b[?1049l" not in seen:
            seen.extend(os.read(ours, 65536))
        return b"\x1b[?1049l" in seen

    until(has_left, "the screen given back")
    assert process.wait(60) == 0
    after_ = subprocess.run(["stty", "-g"], stdin=theirs, capture_output=True, check=True).stdout
    assert after_ == before
    assert b"\x1b[2J" not in seen.replace(b"\x1b[?1049h", b"", 1), "nothing is wiped: no flicker"
    for fd in (ours, theirs):
        os.close(fd)


def test_top_without_a_terminal_says_what_else_there_is(serve: Serve, tmp_path: Path) -> None:
    fleet = serve(own(tmp_path, statuses.camera()))
    result = run("top", fleet)
    assert "use --once" in str(result.exception)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0s"), (59, "59s"), (61, "1m"), (7380, "2h 03m"), (446400, "5d 04h"), (-3, "0s")],
)
def test_durations_have_two_units_at_most(seconds: float, words: str) -> None:
    assert lasted(seconds) == words


def test_an_absent_daemon_of_which_nothing_is_known_is_told() -> None:
    from surveil.live.standing import Absent

    absent = Absent("connection refused", unknown="no database")
    lines = drawn(lambda console: draw_absent(console, absent, statuses.AT))
    assert lines == ["not running: connection refused", "no database"]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (["--url", "http://127.0.0.1:9"], UnavailableError, "no dashboard answers"),
        (["--url", "127.0.0.1:9"], ConfigError, "begins with http"),
        (["fleet.yaml", "--url", "http://127.0.0.1:9"], ConfigError, "--url asks a dashboard"),
    ],
)
def test_a_dashboard_that_does_not_answer_or_is_none(
    arguments: list[str], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        CliRunner().invoke(cli, ["status", *arguments], catch_exceptions=False)
