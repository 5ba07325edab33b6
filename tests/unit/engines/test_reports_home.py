"""Nothing that surveil is built on reports to its makers."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import surveil.engines.openvino
assert sys.modules["openvino_telemetry"] is None
from openvino.tools.ovc import telemetry
assert type(telemetry).__module__ == "openvino.tools.ovc.telemetry_stub"
"""


def test_openvino_reports_nothing_and_needs_no_home() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
