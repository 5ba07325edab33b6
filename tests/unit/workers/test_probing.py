"""Processes that open one camera each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from surveil.config import Fleet
from surveil.domain import Reason
from surveil.secrets import Secret
from surveil.sources.options import SourceOptions
from surveil.sources.probe import ProbeReport
from surveil.workers import probing
from surveil.workers.probe_process import read_options, read_report, write_options, write_report


def test_options_and_reports_survive_the_pipe() -> None:
    options = SourceOptions(camera="c", url="rtsp://h/x", username="u", password=Secret("canary-9"))
    assert read_options(write_options(options)) == options
    report = ProbeReport("c", Reason.TIMEOUT, "no answer")
    assert read_report(write_report(report)) == report


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"camera": "c", "reason": "none", "x": 1}'])
def test_half_a_report_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a report"):
        read_report(text)


def test_a_decoder_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Opening a pipe that nobody writes to blocks in native code, where nothing interrupts it.
    monkeypatch.setattr(probing, "GRACE_S", 0.0)
    monkeypatch.setattr(probing, "LONGEST_S", 0.1)
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    times = {"connect_timeout_s": 0.1, "first_frame_timeout_s": 0.1}
    cameras = {"c": {"source": f"file:{pipe}", **times}}
    fleet = Fleet.model_validate({"version": 1, "cameras": cameras})
    assert probing.probe_fleet(fleet)["c"].reason is Reason.DECODER_HUNG
