"""Metrics tell of no face of a camera that tells of groups alone."""

from __future__ import annotations

from surveil.policy import INDIVIDUAL, Policy
from surveil.workers.inferring.discretion import Discreet

GROUPS = Policy(keeps_tracks=False, min_group=5)


class Recording:
    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, str]]] = []

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self.told.append((name, labels))

    def gauge(self, name: str, value: float, **labels: str) -> None:
        self.told.append((name, labels))


def test_what_would_tell_of_a_face_is_left_out() -> None:
    recording = Recording()
    telemetry = Discreet.of(recording, {"hall": GROUPS, "desk": INDIVIDUAL})
    for camera in ("hall", "desk"):
        telemetry.count("gate_decisions_total", kind="recheck", camera=camera)
        telemetry.count("classifications_spared_total", 2, camera=camera)
        telemetry.count("frame_faults_total", stage="crop", camera=camera)
    telemetry.count("stage_seconds_count", stage="classify")
    telemetry.gauge("stage_seconds", 1.0, stage="classify")
    telemetry.count("stage_seconds_count", stage="detect")
    assert recording.told == [
        ("gate_decisions_total", {"kind": "recheck", "camera": "desk"}),
        ("classifications_spared_total", {"camera": "desk"}),
        ("stage_seconds_count", {"stage": "detect"}),
    ]


def test_where_all_may_be_told_of_nothing_stands_between() -> None:
    recording = Recording()
    assert Discreet.of(recording, {"desk": INDIVIDUAL}) is recording
