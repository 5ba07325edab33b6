"""``surveil init``: what it writes passes ``surveil check``, and the password is in one file."""

from __future__ import annotations

import os
import select
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from surveil.cli.main import cli
from surveil.errors import ConfigError

PASSWORD = "p4$s 'w\"ord"
CAMERA = "lobby=rtsp://admin:p4$s%20'w\"ord@10.0.0.5/stream2"


def init(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["init", *map(str, arguments)])


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``surveil check`` in a shell that has read the file as the fleet's comment says."""
    command = f"set -a; . ./.env; set +a; {shlex.quote(sys.executable)} -m surveil.cli.main check"
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )


def test_what_it_writes_passes_check_in_a_shell_that_has_the_passwords(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    result = init(folder, "--camera", CAMERA, "--camera", "usb:0")
    assert result.exit_code == 0, result.output
    checked = check(folder)
    assert checked.returncode == 0, checked.stderr
    assert "ok: 2 cameras" in checked.stdout
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    line = 'set -a; . ./.env; printf %s "$LOBBY_PASSWORD"'
    told = subprocess.run(
        ["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=True
    )
    assert told.stdout == PASSWORD
    for name in ("fleet.yaml", "rules/first.yaml"):
        assert 'w"ord' not in (folder / name).read_text(encoding="utf-8")
    assert 'w"ord' not in result.output


def test_an_example_passes_as_well(tmp_path: Path) -> None:
    assert init(tmp_path, "--yes").exit_code == 0
    assert check(tmp_path).returncode == 0


@pytest.mark.parametrize("name", ["fleet.yaml", ".env", "rules/first.yaml"])
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, name: str) -> None:
    there = tmp_path / name
    there.parent.mkdir(exist_ok=True)
    there.write_text("mine", encoding="utf-8")
    result = init(tmp_path, "--yes")
    assert isinstance(result.exception, ConfigError)
    assert "is there already" in str(result.exception)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [there]
    assert there.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        ("rtsp://u:a/b@h/x", "%2F"),
        ("rtsp://h/x?password=1234567", "password among its parameters"),
        ("-=rtsp://h/x", "a name has"),
        ("http//nonsense", "camera-1"),
        ("htp://10.0.0.5/x", "'htp' is not read; must start with rtsp://"),
    ],
)
def test_what_cannot_be_a_camera_is_named_and_no_secret_with_it(
    tmp_path: Path, camera: str, words: str
) -> None:
    result = init(tmp_path, "--camera", camera)
    assert isinstance(result.exception, ConfigError)
    assert words in result.exception.report()
    assert "1234567" not in result.exception.report()
    assert not [*tmp_path.iterdir()]


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    result = init(tmp_path, "--camera", "a-b=usb:0", "--camera", "a_b=usb:1")
    assert "two cameras" in str(result.exception)


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    assert "nobody to ask" in str(init(tmp_path).exception)


def test_questions_lead_to_the_same_files(tmp_path: Path) -> None:
    dialogue = [
        ("Address of camera 1", "rtsp://10.0.0.7/s"),
        ("Its name", "door"),
        ("User", "admin"),
        ("Password", "hunter22"),
        ("Address of camera 2", "htp://10.0.0.8/s"),
        ("Its name", "yard"),
        ("once more", ""),
        ("alerts", "https://hooks.example.org/x"),
    ]
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "surveil.cli.main", "init", str(tmp_path)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,  # without a terminal of its own, which getpass would prefer
    )
    said = b""
    try:
        for question, answer in dialogue:
            asked = len(said)
            while question.encode() not in said[asked:]:
                assert select.select([ours], [], [], 120)[0], said
                said += os.read(ours, 65536)
            os.write(ours, f"{answer}\n".encode())
        assert process.wait(120) == 0, said
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
    assert b"hunter22" not in said
    fleet = (tmp_path / "fleet.yaml").read_text(encoding="utf-8")
    assert "password: ${env:DOOR_PASSWORD}" in fleet
    assert "hooks.example.org" not in fleet
    assert "DOOR_PASSWORD=hunter22" in (tmp_path / ".env").read_text(encoding="utf-8")
    assert check(tmp_path).returncode == 0
