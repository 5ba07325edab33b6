"""Metrics outlive the worker that counted them."""

from __future__ import annotations

from surveil.workers.host.board import MetricsBoard
from surveil.workers.host.lifeline import LocalTelemetry, observe


def test_counters_go_on_over_a_restart_and_gauges_do_not() -> None:
    board = MetricsBoard()
    board.put("inference", [("frames_analysed_total", {"camera": "a"}, 5.0), ("lag_s", {}, 2.0)])
    board.retire("inference")
    assert board.value("frames_analysed_total", camera="a") == 5.0
    assert board.value("lag_s") == 0.0
    board.put("inference", [("frames_analysed_total", {"camera": "a"}, 3.0)])
    assert board.value("frames_analysed_total", camera="a", worker="inference") == 8.0


def test_exposition_names_types_and_labels() -> None:
    board = MetricsBoard()
    board.put("recorder", [("events_stored_total", {}, 7.0), ("redis_up", {"p": "0"}, 0.5)])
    text = board.exposition().decode()
    assert "# TYPE surveil_events_stored_total counter" in text
    assert 'surveil_events_stored_total{worker="recorder"} 7.0' in text
    assert 'surveil_redis_up{p="0",worker="recorder"} 0.5' in text


def test_a_histogram_goes_on_over_a_restart() -> None:
    board = MetricsBoard()
    for delays in ((0.05, 0.25), (7.0,)):
        board.retire("inference")
        telemetry = LocalTelemetry()
        for delay_s in delays:
            observe(telemetry, "decision_seconds", delay_s, (0.1, 0.3))
        board.put("inference", telemetry.snapshot())
    lines = [x for x in board.exposition().decode().splitlines() if "decision" in x]
    assert lines[1:] == [
        "# TYPE surveil_decision_seconds histogram",
        'surveil_decision_seconds_bucket{le="0.1",worker="inference"} 1.0',
        'surveil_decision_seconds_bucket{le="0.3",worker="inference"} 2.0',
        'surveil_decision_seconds_bucket{le="+Inf",worker="inference"} 3.0',
        'surveil_decision_seconds_count{worker="inference"} 3.0',
        'surveil_decision_seconds_sum{worker="inference"} 7.3',
    ]
