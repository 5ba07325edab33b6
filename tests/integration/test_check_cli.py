"""``surveil check`` and ``surveil schema`` as a person runs them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from surveil.simulate.server import RtspServer

CANARY = "canary-cli/@1"

Run = subprocess.CompletedProcess[str]


def _surveil(*arguments: str, **environment: str) -> Run:
    return subprocess.run(
        [sys.executable, "-c", "from surveil.cli.main import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **environment},
    )


def _write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", "mpeg4")


@pytest.fixture(scope="module")
def rtsp_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", "libx264")


def _make_clip(path: Path, codec: str) -> Path:
    """Write two seconds of a moving square, 96x64 at 10 pictures a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 96, 64
        stream.pix_fmt = "yuv420p"
        for index in range(20):
            image = np.zeros((64, 96, 3), np.uint8)
            image[8:24, index * 3 : index * 3 + 16] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_good_fleet(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "fleet.yaml",
        "cameras:\n"
        "  lobby: {source: 'rtsp://10.0.0.5/s?token=${env:TOKEN}', password: '${env:TOKEN}'}\n"
        "  desk: {source: 'usb:0', enabled: false}\n"
        "receivers: {ops: {log:}}\n",
    )
    done = _surveil("check", path, TOKEN=CANARY)
    assert done.returncode == 0
    assert "ok: 1 camera" in done.stdout
    assert "rtsp://10.0.0.5/s?token=***" in done.stdout
    assert "disabled" in done.stdout
    assert f"{path}:4:13: warning: receiver 'ops' is named by no rule's notify:" in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_all_errors_with_exit_code_2(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "fleet.yaml",
        "cameras:\n  lobby: {sorce: 'rtsp://u:${env:TOKEN}@h/s', password: '${env:NONE_SUCH}'}\n"
        "  lobby: {source: 'usb:0'}\n",
    )
    done = _surveil("check", path, TOKEN=CANARY)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"{path}:2:3: cameras.lobby: 'source' is missing",
        f"{path}:2:11: cameras.lobby: unknown key 'sorce'; did you mean 'source'?",
        f"{path}:2:57: environment variable NONE_SUCH is not set",
        f"{path}:3:3: 'lobby' is here twice; first in line 2",
        "surveil: 4 errors",
    ]
    assert "Traceback" not in done.stderr


def test_json(tmp_path: Path) -> None:
    path = _write(tmp_path / "fleet.yaml", "cameras: {a: {source: 'usb:0', fps: 3}}\n")
    done = _surveil("check", path, "--json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["ok"] is False
    assert report["errors"][0]["line"] == 1
    assert report["errors"][0]["column"] == 32
    assert "sample_fps" in report["errors"][0]["message"]


@pytest.mark.parametrize("name", ["caf\udce9.yaml", "\x9b31m.yaml"])
def test_a_file_whose_name_is_no_text_is_checked(tmp_path: Path, name: str) -> None:
    path = _write(tmp_path / name, "cameras: {a: {source: 'usb:0', fps: 3}}\n")
    report = json.loads(_surveil("check", path, "--json").stdout)
    assert report["errors"][0]["file"] == path
    assert repr(name)[1:-6] in _surveil("check", path).stderr


def test_probe(tmp_path: Path, clip: Path) -> None:
    with socket.socket() as unheard:  # bound but not listening: refuses
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        path = _write(
            tmp_path / "fleet.yaml",
            "cameras:\n"
            f"  good: {{source: 'file:{clip}'}}\n"
            f"  dead: {{source: 'rtsp://u:${{env:TOKEN}}@127.0.0.1:{port}/s'}}\n"
            "  off: {source: 'usb:99', enabled: false}\n",
        )
        table = _surveil("check", path, "--probe", TOKEN=CANARY)
        report = json.loads(_surveil("check", path, "--probe", "--json", TOKEN=CANARY).stdout)
    assert table.returncode == 5
    good, dead = (
        next(line for line in table.stdout.splitlines() if line.startswith(name))
        for name in ("good", "dead")
    )
    assert "mpeg4" in good
    assert "96x64" in good
    assert "live" in good
    assert "refused" in dead
    assert "surveil: no picture from dead" in table.stderr
    assert "canary" not in table.stdout + table.stderr
    assert set(report["probe"]) == {"good", "dead"}
    assert report["probe"]["good"]["reason"] == "none"
    assert report["probe"]["good"]["width"] == 96
    assert report["probe"]["good"]["time_to_first_frame_s"] > 0
    assert report["probe"]["dead"]["reason"] == "refused"


def test_probe_with_passwords(tmp_path: Path, rtsp_clip: Path) -> None:
    with RtspServer({"s": rtsp_clip}, username="ad.min", password=CANARY) as server:
        path = _write(
            tmp_path / "fleet.yaml",
            "defaults: {username: ad.min}\n"
            "cameras:\n"
            f"  right: {{source: '{server.url('s')}', password: '${{env:TOKEN}}'}}\n"
            f"  wrong: {{source: '{server.url('s')}', password: '${{env:TOKEN}}-not'}}\n",
        )
        done = _surveil("check", path, "--probe", "--json", TOKEN=CANARY)
    report = json.loads(done.stdout)["probe"]
    assert done.returncode == 5
    assert (report["right"]["reason"], report["right"]["codec"]) == ("none", "h264")
    assert report["right"]["fps"] == pytest.approx(10, rel=0.3)
    assert report["wrong"]["reason"] == "auth-failed"
    assert "canary" not in done.stdout + done.stderr


def test_a_camera_that_hangs_leaves_its_neighbours_alone(tmp_path: Path, rtsp_clip: Path) -> None:
    # Each is interrupted by shutting its sockets down: those of its own process, and no others.
    with (
        RtspServer({"s": rtsp_clip}) as server,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        port = silent.getsockname()[1]
        path = _write(
            tmp_path / "fleet.yaml",
            "cameras:\n"
            f"  hung: {{source: 'rtsp://127.0.0.1:{port}/s', connect_timeout_s: 0.3}}\n"
            f"  good: {{source: '{server.url('s')}', first_frame_timeout_s: 60}}\n"
            f"  fine: {{source: '{server.url('s')}', first_frame_timeout_s: 60}}\n",
        )
        done = _surveil("check", path, "--probe", "--json")
    report = json.loads(done.stdout)["probe"]
    assert (report["hung"]["reason"], report["hung"]["fps"]) == ("timeout", None)
    for name in ("good", "fine"):
        assert report[name]["reason"] == "none"
        assert report[name]["fps"] == pytest.approx(10, rel=0.3)


def test_schema() -> None:
    fleet = json.loads(_surveil("schema").stdout)
    rules = json.loads(_surveil("schema", "--rules").stdout)
    assert "cameras" in fleet["properties"]
    assert "Rule" in rules["$defs"]


def test_unforeseen_error_is_redacted() -> None:
    """A traceback may carry anything; it leaves through the same gate."""
    code = (
        "import sys; from surveil.cli import main as m; from surveil.secrets import Secret\n"
        "import click; s = Secret(sys.argv[1])\n"
        "@m.cli.command()\n"
        "def fail(): raise RuntimeError('no ' + s.reveal())\n"
        "m.LazyGroup.get_command = lambda self, ctx, name: fail\n"
        "sys.argv[1:] = ['fail']; m.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, CANARY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "RuntimeError: no ***" in done.stderr
    assert "canary" not in done.stderr
