"""What ps shows of a process that has become another."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from pathlib import Path
from surveil.workers.host.process_title import show_command
show_command(sys.argv[1].split(","))
shown = Path("/proc/self/cmdline").read_bytes().rstrip(b"\\0")
sys.stdout.write(shown.decode().replace("\\0", " "))
"""


def shown(words: str, room: int) -> str:
    command = [sys.executable, "-c", PROGRAM, words, "." * room]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_command_line_is_shown_in_place_of_the_one_before() -> None:
    assert shown("worker,capture,capture:lobby", 60) == "worker capture capture:lobby"


def test_what_has_no_room_is_left_out() -> None:
    long = "x" * 4000
    found = shown(f"{long},y", 10)
    assert found
    assert long.startswith(found[:1000])
