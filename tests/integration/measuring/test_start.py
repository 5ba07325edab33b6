"""Commands and daemons are started, and what they took is told."""

from __future__ import annotations

from surveil.measuring.start import measure_start


def test_every_start_takes_something() -> None:
    rows = {row["what"]: row for row in measure_start(rounds=1).rows}
    assert all(row["cpu_s"] > 0 for row in rows.values())
    assert rows["run, until a frame is analysed"]["cpu_s"] > rows["surveil --help"]["cpu_s"]
