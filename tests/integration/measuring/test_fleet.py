"""A daemon is measured as its metrics and the system tell of it."""

from __future__ import annotations

from surveil.measuring.fleet import FleetLoad, measure_fleet


def test_every_process_of_a_daemon_is_told() -> None:
    report = measure_fleet(FleetLoad(cameras=1, seconds=3.0, sample_fps=2.0))
    rows = {row["role"]: row for row in report.rows}
    workers = {"inference", "capture", "recorder", "alerter", "redis", "supervisor"}
    assert workers <= rows.keys()
    assert rows["capture"]["private_mib"] > 5
    assert rows["inference"]["memory_mib"] > rows["redis"]["memory_mib"]
    assert rows["daemon"]["analysed_per_s"] > 0
    assert rows["daemon"]["p95_ms"] > 0
