"""What a host carries of a fleet, by given costs."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from surveil.cli.main import cli
from surveil.config import Fleet
from surveil.errors import ConfigError
from surveil.measuring.doctor import Cost, cost_of, judge, load_of
from surveil.measuring.fleet import FleetLoad

COST = Cost(inference=0.02, capture=0.05, recording=0.01, fixed=0.04)


def fleet(count: int, camera: dict[str, Any] | None = None, **settings: Any) -> Fleet:
    cameras = {f"cam{i}": {"source": f"rtsp://h/{i}", **(camera or {})} for i in range(count)}
    return Fleet.model_validate({"version": 1, "device": "cpu", "cameras": cameras, **settings})


def test_costs_are_of_a_frame_and_of_a_camera() -> None:
    rows = [
        {"role": "daemon", "core_percent": 60.0, "analysed_per_s": 10.0},
        {"role": "inference-0", "core_percent": 15.0},
        {"role": "inference-1", "core_percent": 5.0},
        {"role": "capture", "core_percent": 10.0},
        {"role": "recorder", "core_percent": 1.5},
        {"role": "redis", "core_percent": 0.5},
        {"role": "supervisor", "core_percent": 4.0},
        {"role": "(simulator)", "core_percent": 99.0},
    ]
    cost = cost_of(rows, FleetLoad(cameras=2))
    assert astuple(cost) == pytest.approx(astuple(Cost(0.02, 0.05, 0.01, 0.04)))


def test_a_fleet_that_fits_gets_no_advice() -> None:
    report = judge(fleet(4), COST, cores=2)
    # (2 cores * 0.8 - 0.04) / (5 fps * 0.02 + 0.05 + 0.01)
    whole = {row["part"]: row["carries"] for row in report.rows}["whole daemon"]
    assert whole == 9
    assert "the fleet has 4" in report.notes[0]
    assert len(report.notes) == 2


def test_a_fleet_that_does_not_fit_is_told_what_would_help() -> None:
    too_many = fleet(
        20,
        {"gate": False, "min_face_px": 20},
        inference={"workers": 1, "detection": "exact", "precision": "float32"},
    )
    report = judge(too_many, COST, cores=2)
    assert report.settings["limited_by"] == "inference"
    assert report.settings["carries"] == 8
    said = " ".join(report.notes)
    for setting in ("sample_fps", "workers 1", "detection fast", "int8", "gate true", "min_face"):
        assert setting in said
    assert "About 5 such cores" in said


def test_the_rate_that_would_carry_all_does() -> None:
    report = judge(fleet(12), COST, cores=2)
    (rate,) = [note.split()[1] for note in report.notes if note.startswith("sample_fps")]
    slower = judge(fleet(12, {"sample_fps": float(rate)}), COST, cores=2)
    assert slower.settings["carries"] >= 12


def test_costs_of_nothing_and_without_end_are_survived() -> None:
    idle = judge(fleet(3), Cost(0.0, 0.0, 0.0, 0.0), cores=2)
    assert idle.settings["carries"] == 10_000
    stuck = judge(fleet(3), Cost(float("inf"), 0.1, 0.0, 0.0), cores=2)
    assert stuck.settings["carries"] == 0


def test_the_daemon_that_is_measured_has_the_settings_of_the_fleet() -> None:
    load = load_of(fleet(3, {"min_face_px": 60}, inference={"detection": "exact"}), (), 5.0)
    assert (load.cameras, load.sample_fps) == (2, 5.0)
    assert load.settings["inference.detection"] == "exact"
    assert load.settings["defaults.min_face_px"] == 60
    with pytest.raises(ConfigError, match="no camera"):
        load_of(fleet(1, {"enabled": False}), (), 5.0)


def test_a_wrong_fleet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("version: 1\ncameras: {a: {source: 'rtsp://h/1', sampel_fps: 3}}\n")
    done = CliRunner().invoke(cli, ["doctor", str(file)])
    assert done.exception is not None
    assert "sample_fps" in str(done.exception)
