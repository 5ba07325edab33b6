"""Whose fault a silence is: the camera's, or that of inference, which loads or is away."""

from __future__ import annotations

from typing import Any

import pytest

from surveil.domain import CameraEvent, CameraState, Reason
from surveil.rules.presence import START_GRACE_S

BLIND = {"name": "blind", "when": [{"health": "camera", "silent_for": "15s"}]}
AWAY = {
    "name": "away",
    "by": "site",
    "when": [{"health": "inference", "silent_for": "30s"}],
}
CAMERAS = ("lobby", "desk")


def told(kit: Any, second: float, state: str, reason: str = "none", **fields: Any) -> CameraEvent:
    """Return a camera's change of state; ``seq`` and ``camera`` as keywords."""
    fields = {"camera": "lobby", "run": "R1", "seq": 1, **fields}
    return CameraEvent(at=kit.at(second), state=CameraState(state), reason=Reason(reason), **fields)


def pages(stage: Any, kit: Any) -> list[tuple[float, str, str, str]]:
    """Return the second, rule, key and state of all that receivers are told."""
    return [
        ((step.at - kit.at(0)).total_seconds(), step.rule, step.key.text, step.message.value)
        for step in stage.transitions
        if step.message
    ]


def see_all(stage: Any, kit: Any, seconds: range, *, seq: int = 1) -> None:
    """Play intervals of all cameras."""
    for second in seconds:
        for camera in CAMERAS:
            number = second - seconds.start + seq
            stage.see(kit.interval(second, camera=camera, run=camera, seq=number))
        stage.tick(second + 1)


def test_start_pages_nobody_while_the_model_loads(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), cameras=CAMERAS)
    for camera in CAMERAS:
        stage.see(
            told(kit, 2, "connecting", "starting", camera=camera, run=camera),
            told(kit, 3, "live", "starting", camera=camera, run=camera, seq=2),
        )
    stage.tick(*range(60))
    see_all(stage, kit, range(60, 70), seq=3)

    assert pages(stage, kit) == []


def test_start_without_a_word_of_inference_pages_nobody_either(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), cameras=CAMERAS).tick(*range(120))

    assert pages(stage, kit) == []


@pytest.mark.parametrize("is_told", [True, False])
def test_what_never_becomes_ready_is_silence_in_the_end(kit: Any, is_told: bool) -> None:
    stage = kit.stage(kit.rule(**BLIND))
    if is_told:
        stage.see(told(kit, 0, "connecting", "starting"))
    stage.tick(*range(0, 400, 5))

    assert pages(stage, kit) == [(START_GRACE_S, "blind", "lobby", "firing")]


def test_silence_of_a_camera_counts_from_readiness(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND))
    stage.see(told(kit, 2, "connecting", "starting")).tick(*range(3, 40))
    stage.see(told(kit, 40, "offline", "timeout", seq=2)).tick(*range(40, 60))

    assert pages(stage, kit) == [(55, "blind", "lobby", "firing")]


def test_inference_away_pages_once_and_not_for_each_camera(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), kit.rule(**AWAY), cameras=CAMERAS)
    see_all(stage, kit, range(10))
    stage.tick(*range(11, 60))
    see_all(stage, kit, range(60, 65), seq=11)

    assert pages(stage, kit) == [
        (40, "away", "site", "firing"),
        (61, "away", "site", "resolved"),
    ]


def test_without_a_rule_for_it_each_camera_pages(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), cameras=CAMERAS)
    see_all(stage, kit, range(10))
    stage.tick(*range(11, 60))

    assert pages(stage, kit) == [
        (25, "blind", "lobby", "firing"),
        (25, "blind", "desk", "firing"),
    ]


def test_camera_without_a_picture_pages_and_inference_does_not(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), kit.rule(**AWAY), cameras=CAMERAS)
    see_all(stage, kit, range(10))
    stage.see(told(kit, 10, "offline", "timeout", run="lobby", seq=11))
    for second in range(10, 60):
        stage.see(kit.interval(second, camera="desk", run="desk")).tick(second + 1)

    assert pages(stage, kit) == [(25, "blind", "lobby", "firing")]


def test_one_of_two_inference_workers_away_is_told_as_such(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), kit.rule(**AWAY), cameras=CAMERAS)
    see_all(stage, kit, range(10))
    for second in range(10, 60):
        stage.see(kit.interval(second, camera="desk", run="desk")).tick(second + 1)

    assert pages(stage, kit) == [(40, "away", "site", "firing")]


def test_frames_that_nobody_analyses_are_the_cameras_silence(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), kit.rule(**AWAY), cameras=CAMERAS)
    see_all(stage, kit, range(10))
    for second in range(10, 40):
        for camera in CAMERAS:
            analysed = 0 if camera == "lobby" else 5
            stage.see(kit.interval(second, camera=camera, run=camera, analysed=analysed))
        stage.tick(second + 1)

    assert pages(stage, kit) == [(25, "blind", "lobby", "firing")]


def test_end_in_order_is_nobodys_silence(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), cameras=CAMERAS)
    see_all(stage, kit, range(10))
    for camera in CAMERAS:
        stage.see(told(kit, 10, "stopped", "shutdown", camera=camera, run=camera, seq=11))
    stage.tick(*range(11, 200))

    assert pages(stage, kit) == []


def test_a_file_at_its_end_is_no_silence_of_inference(kit: Any) -> None:
    stage = kit.stage(kit.rule(**AWAY), cameras=CAMERAS)
    see_all(stage, kit, range(10))
    lobby, *others = CAMERAS
    stage.see(told(kit, 10, "stopped", "stream-ended", camera=lobby, run=lobby, seq=11))
    for second in range(10, 400):
        for camera in others:
            stage.see(kit.interval(second, camera=camera, run=camera))
        stage.tick(second + 1)
    assert pages(stage, kit) == []

    stage.tick(400, 440)
    assert [page[1:] for page in pages(stage, kit)] == [("away", "site", "firing")]


@pytest.mark.parametrize(("state", "reason"), [("stopped", "shutdown"), ("connecting", "starting")])
def test_a_camera_without_a_picture_for_long_makes_no_end_of_inference_an_old_one(
    kit: Any, state: str, reason: str
) -> None:
    stage = kit.stage(kit.rule(**AWAY), cameras=CAMERAS)
    stage.see(told(kit, 0, "offline", "refused", run="lobby"))
    for second in range(100):
        stage.see(kit.interval(second, camera="desk", run="desk")).tick(second + 1)
    stage.see(told(kit, 100, state, reason, run="lobby", seq=2)).tick(101)
    stage.see(told(kit, 101, state, reason, camera="desk", run="desk", seq=101)).tick(102, 129)
    assert pages(stage, kit) == []

    stage.tick(130)
    assert pages(stage, kit) == [(130, "away", "site", "firing")]


def test_inference_that_loads_for_too_long_is_told_of(kit: Any) -> None:
    stage = kit.stage(kit.rule(**BLIND), kit.rule(**AWAY), cameras=CAMERAS)
    stage.see(told(kit, 2, "connecting", "starting")).tick(*range(60))

    assert pages(stage, kit) == [(30, "away", "site", "firing")]


def test_inference_is_watched_by_site_or_camera(kit: Any) -> None:
    with pytest.raises(ValueError, match="'by: camera' or 'by: site'"):
        kit.rule(**{**AWAY, "by": "track"})


def test_backlog_is_no_silence(kit: Any) -> None:
    # The alerter could not work for 20 s, as its database was away, while events came in.
    blind = kit.rule(name="blind", when=[{"health": "camera", "silent_for": "5s"}])
    away = kit.rule(name="away", by="site", when=[{"health": "inference", "silent_for": "5s"}])
    for rules in ((blind,), (away,), (blind, away)):
        stage = kit.stage(*rules)
        for second in range(6):
            stage.see(kit.interval(second)).tick(second + 1.25)
        for second in range(6, 26):
            stage.engine.tell(kit.at(26.5))
            stage.see(kit.interval(second))
        stage.tick(26.5, 27.5)

        assert stage.log == []
        stage.tick(40)
        assert "firing" in stage.states


def test_backlog_of_a_site_is_evaluated_at_its_own_time(kit: Any) -> None:
    rule = kit.rule(by="site", when=[{"share": {"emotion": "happy", "over": "2s"}, "above": 0.5}])
    stage = kit.stage(rule)
    stage.see(kit.interval(0)).tick(1.25)
    for second in range(1, 26):
        stage.engine.tell(kit.at(26.5))
        stage.see(kit.interval(second, (1, "happy" if 10 <= second < 14 else "sad")))
    stage.tick(26.5)

    assert stage.log == [(12, "firing"), (15, "resolved")]
