"""What a report says of two looks at a daemon, and settings that no fleet has."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from surveil.cli.main import cli
from surveil.measuring.exposition import Exposition
from surveil.measuring.fleet import FleetLoad, Moment, report_of
from surveil.measuring.processes import Usage, Usages


def moment(at_s: float, frames: int, lost: int, cpu_s: float) -> Moment:
    text = (
        f'surveil_frames_sampled_total{{camera="a"}} {frames + lost}\n'
        f'surveil_frames_analysed_total{{camera="a",worker="inference"}} {frames}\n'
        f'surveil_frames_gated_total{{camera="a"}} {frames // 2}\n'
        f'surveil_faces_total{{camera="a"}} {2 * frames}\n'
        f'surveil_frames_dropped_total{{camera="a",cause="stale"}} {lost}\n'
        f'surveil_decision_seconds_bucket{{le="0.1",worker="inference"}} {frames}\n'
        f'surveil_decision_seconds_bucket{{le="+Inf",worker="inference"}} {frames}\n'
    )
    usages = Usages({"inference": Usage(2, cpu_s, 200 * 2**20, 20 * 2**20)})
    return Moment(at_s, Exposition.read(text), usages, own_cpu_s=at_s / 10)


def test_figures_are_of_the_time_between_the_looks() -> None:
    report = report_of(FleetLoad(cameras=1), moment(10, 50, 7, 3.0), moment(20, 130, 27, 5.0))
    daemon, inference, simulator = report.rows
    assert daemon["sampled_per_s"] == 10.0
    assert daemon["analysed_per_s"] == 8.0
    assert (daemon["lost_percent"], daemon["lost"]) == (20.0, {"stale": 20.0})
    assert (daemon["gated_percent"], daemon["faces_per_frame"]) == (50.0, 2.0)
    assert daemon["p95_ms"] == pytest.approx(95.0)
    assert inference["core_percent"] == pytest.approx(20.0)
    assert inference["cpu_ms_per_frame"] == pytest.approx(20.0)
    assert (inference["private_mib"], inference["memory_mib"]) == (100.0, 220.0)
    assert simulator["core_percent"] == pytest.approx(10.0)
    assert "20.0% lost (20 stale), p95 95 ms" in " ".join(report.notes[0].split())


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("inference.worker=1", "did you mean 'workers'?"),
        ("inference.workers=0", "inference.workers"),
        ("version.x=1", "version has no settings below it"),
        ("nonsense", "give PATH=VALUE"),
        ("model={", "--set model={"),
    ],
)
def test_settings_that_no_fleet_has_are_refused(option: str, said: str) -> None:
    done = CliRunner().invoke(cli, ["bench", "fleet", "--cameras", "1", "--set", option])
    assert done.exit_code == 2 or done.exception is not None
    assert said in f"{done.output} {done.exception}"


def test_a_fleet_has_cameras() -> None:
    done = CliRunner().invoke(cli, ["bench", "fleet", "--cameras", "0"])
    assert done.exit_code == 2
