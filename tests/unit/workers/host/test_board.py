"""Metrics outlive the worker that counted them."""

from __future__ import annotations

from surveil.workers.host.board import MetricsBoard


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
    board.put("recorder", [("events_stored_total", {}, 7.0), ("store_lag_s", {"p": "0"}, 0.5)])
    text = board.exposition().decode()
    assert "# TYPE surveil_events_stored_total counter" in text
    assert 'surveil_events_stored_total{worker="recorder"} 7.0' in text
    assert 'surveil_store_lag_s{p="0",worker="recorder"} 0.5' in text
