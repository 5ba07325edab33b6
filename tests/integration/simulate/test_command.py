"""``surveil simulate`` as a process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import av
import pytest

START = [sys.executable, "-c", "from surveil.cli.main import main; main()", "simulate"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_told_to_end(clip: Path, ending: signal.Signals) -> None:
    with subprocess.Popen(
        [*START, f"lobby={clip}", "--port", "0", "--fault", "lobby:stall@9999+5 every 10s"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url, *rest = line.split()
        assert rest == ["h264", "160x128", "50", "fps"]
        with av.open(url, options={"timeout": "10000000"}) as them:
            next(them.decode(video=0))
            process.send_signal(ending)
            assert process.wait(20) == 0


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    ended = subprocess.run(
        [*START, *arguments], capture_output=True, text=True, timeout=60, env=environment or None
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr


def test_port_in_use_ends_with_4_and_names_the_owner(clip: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, says = run(str(clip), "--port", str(taken.getsockname()[1]))
    assert code == 4
    assert "in use by" in says


def test_wrong_arguments_end_with_2(clip: Path, tmp_path: Path) -> None:
    assert run(str(clip), str(clip)) == (
        2,
        f"surveil: two clips are called 'h264'; name them: OTHER={clip}\n",
    )
    assert run(str(tmp_path / "missing.mp4"))[0] == 2
    assert "needs either" in run(str(clip), "--user", "eve")[1]
    assert "not set" in run(str(clip), "--user", "eve", "--password-env", "NO_SUCH_NAME")[1]
    assert run(str(clip), "--fault", "lobby:stall@1")[0] == 2
