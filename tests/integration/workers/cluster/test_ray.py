"""Three nodes of a Ray cluster on this machine: killed, drained, suspended; nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPORT = Path(__file__).parents[4] / "bench" / "cluster_report.py"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whatever_happens_to_hosts_nothing_is_lost_and_nobody_speaks_twice(tmp_path: Path) -> None:
    # In a process of its own: Ray's threads and warnings are not for this one.
    command = [sys.executable, str(REPORT), "--folder", str(tmp_path / "cluster")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = {line.split("|")[1].strip(): line for line in ended.stdout.splitlines() if "|" in line}
    assert "host-lost" in rows["kill middle"]
    assert "0 moved" in rows["raylet killed alone"]
    total = rows["all of it"]
    assert all(word in total for word in ("lost 0", "twice 0", "both 0"))
