"""Curves: one point per epoch, and a remark where TensorBoard is not installed."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

import pytest
from kit.disk import files_of_at_most

from surveil.training.fit.loop import EpochReport
from surveil.training.fit.tensorboard import FOLDER, Board


def report(epoch: int) -> EpochReport:
    return EpochReport(epoch, 44, 0.1, 2.0 - epoch / 10, 0.5, 1.5, 3.0)


def test_epochs_become_points_and_a_resumed_run_goes_on(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for first, done in ((1, 0), (2, 1)):
        board = Board(tmp_path, done)
        for epoch in range(first, first + 2):
            board.epoch(report(epoch))
        board.close()
    events = accumulator.EventAccumulator(str(tmp_path / FOLDER))
    events.Reload()
    assert "validation_accuracy" in events.Tags()["scalars"]
    # The second epoch of the first try was lost with it.
    points = [(event.step, round(event.value, 3)) for event in events.Scalars("loss")]
    assert points == [(1, 1.9), (2, 1.8), (3, 1.7)]


def test_absence_is_a_remark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with caplog.at_level(logging.WARNING):
        board = Board(tmp_path)
    board.epoch(report(1))
    board.close()
    assert "no curves for TensorBoard" in caplog.text
    assert not (tmp_path / FOLDER).exists()


# TensorBoard's own thread ends in what failed, which is told to the next to write.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_full_disk_ends_the_curves_and_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("tensorboard")
    before = set(threading.enumerate())
    with caplog.at_level(logging.WARNING), files_of_at_most(60):
        board = Board(tmp_path)
        for epoch in range(1, 4):
            board.epoch(report(epoch))
        board.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
    assert caplog.text.count("no more curves for TensorBoard") == 1


def test_unwanted_curves_are_not_written(tmp_path: Path) -> None:
    board = Board(tmp_path, wanted=False)
    board.epoch(report(1))
    board.close()
    assert not (tmp_path / FOLDER).exists()
