"""Alerts of which nobody is told: muted by another rule, or silenced."""

from __future__ import annotations

from typing import Any

from surveil.rules.silences import Silence
from surveil.rules.stored import from_stored, to_stored

HAPPY = {"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}
CROWD = {"faces": {"over": "1s"}, "at_least": 2}


def told(stage: Any) -> list[tuple[str, str, str]]:
    return [
        (step.rule, step.message.value if step.message else "-", step.cause or step.withheld)
        for step in stage.transitions
    ]


def faces(kit: Any, stage: Any, *counts: int, camera: str = "lobby") -> None:
    for second, count in enumerate(counts):
        seen = tuple((face + 1, "happy") for face in range(count))
        stage.see(kit.interval(second, *seen, camera=camera, run=f"R-{camera}"))
        stage.tick(second + 1.25)


def test_rule_that_fires_mutes_others_of_its_camera(kit: Any) -> None:
    crowd = kit.rule(name="crowd", when=[CROWD], mutes=["jo*"], notify=["ops"])
    stage = kit.stage(crowd, kit.rule(when=[HAPPY], notify=["ops"]), cameras=("lobby", "hall"))
    faces(kit, stage, 0, 2, 2, 1, 0)
    faces(kit, stage, 0, 1, camera="hall")

    assert told(stage)[:5] == [
        ("crowd", "firing", ""),
        ("joy", "-", "muted by crowd"),
        ("crowd", "resolved", ""),
        ("joy", "firing", "told-late"),
        ("joy", "resolved", ""),
    ]
    assert told(stage)[5:] == [("joy", "firing", "")]
    late = stage.transitions[3]
    assert (late.from_state, late.to_state) == ("firing", "firing")
    assert late.since_at == kit.at(1)


def test_nobody_is_told_of_the_end_of_what_nobody_was_told_of(kit: Any) -> None:
    crowd = kit.rule(name="crowd", when=[CROWD], mutes=["joy"], keep_firing_for="1m")
    stage = kit.stage(crowd, kit.rule(when=[HAPPY], notify=["ops"]))
    faces(kit, stage, 0, 2, 0, 0)

    ended = stage.transitions[-1]
    assert (ended.rule, ended.to_state, ended.notify) == ("joy", "resolved", ())


def test_mute_of_the_site_holds_for_every_camera(kit: Any) -> None:
    crowd = kit.rule(name="crowd", by="site", when=[CROWD], mutes=["joy"])
    stage = kit.stage(crowd, kit.rule(when=[HAPPY], notify=["ops"]), cameras=("lobby",))
    faces(kit, stage, 2, 2)

    assert ("joy", "-", "muted by crowd") in told(stage)


def test_silence_withholds_until_it_ends(kit: Any) -> None:
    stage = kit.stage(kit.rule(when=[HAPPY], notify=["ops"], labels={"team": "door"}))
    begin_s = kit.at(0).timestamp()
    stage.engine.silences = [Silence("s1", begin_s, begin_s + 3, rule="j*", labels={"team": "d*"})]
    faces(kit, stage, 0, 1, 1, 1, 1, 0)

    assert told(stage) == [
        ("joy", "-", "silenced by s1"),
        ("joy", "firing", "told-late"),
        ("joy", "resolved", ""),
    ]


def test_silence_covers_what_all_of_it_matches(kit: Any) -> None:
    rule = kit.rule(labels={"team": "door"})

    def covers(*cameras: str, at_s: float = 5.0, **parts: Any) -> bool:
        silence = Silence("s", 0.0, 10.0, **parts)
        return silence.covers(rule.name, rule.labels, cameras, at_s)

    assert covers("lobby")
    assert covers("lobby", camera="lob*", rule="joy", labels={"team": "door"})
    assert not covers("lobby", "hall", camera="lob*")
    assert not covers("lobby", rule="anger")
    assert not covers("lobby", labels={"team": "gate"})
    assert not covers("lobby", labels={"shift": "night"})
    assert not covers("lobby", at_s=10.0)


def test_what_is_withheld_outlives_the_alerter(kit: Any) -> None:
    rule = kit.rule(when=[HAPPY], notify=["ops"])
    stage = kit.stage(rule)
    begin_s = kit.at(0).timestamp()
    stage.engine.silences = [Silence("s1", begin_s, begin_s + 60)]
    faces(kit, stage, 1, 1)
    (alert,) = stage.engine.alerts()
    again = from_stored(to_stored(alert), rule)

    assert again is not None
    assert (again.withheld, again.told) == ("silenced by s1", ())


def test_transition_tells_on_how_much_it_rests(kit: Any) -> None:
    text = {"text": "{{faces|round}} faces, {{coverage|percent}} seen"}
    stage = kit.stage(kit.rule(when=[{**CROWD, "faces": {"over": "4s"}}], annotations=text))
    for second in range(4):
        seen = tuple((face + 1, "sad") for face in range(3))
        stage.see(kit.interval(second, *seen, analysed=5 if second else 0))

    (step,) = stage.transitions
    assert (step.evidence.faces, step.evidence.coverage) == (3.0, 0.5)
    assert step.annotations == {"text": "3 faces, 50% seen"}
