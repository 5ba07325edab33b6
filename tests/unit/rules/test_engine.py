"""Health, tracks, sites, order of arrival, and going on after a restart."""

from __future__ import annotations

import json
from typing import Any

from surveil.rules.engine import LATENESS_S, lateness_of
from surveil.rules.stored import StoredAlert

BLIND = {"name": "blind", "when": [{"health": "camera", "silent_for": "15s"}]}
SMILE = {
    "name": "smile",
    "by": "track",
    "when": [{"share": {"emotion": "happy", "over": "3s"}, "above": 0.5}],
}


class TestHealth:
    def test_camera_that_never_appears_is_silent_since_others_were_seen(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**BLIND), cameras=("lobby", "desk"))
        for second in range(30):
            stage.see(kit.interval(second, camera="desk")).tick(second + 1)

        assert stage.log == [(16, "firing")]

    def test_one_analysed_frame_ends_it_and_frames_unanalysed_do_not(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**BLIND)).play("nnn" + "x" * 20 + "nn")

        assert stage.log == [(18, "firing"), (24, "resolved")]

    def test_offline_camera_among_live_ones(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**BLIND), cameras=("lobby", "desk"))
        stage.see(kit.interval(0), kit.offline(1, seq=2))
        for second in range(1, 20):
            stage.see(kit.interval(second, seq=second, camera="desk", run="D1"))
            stage.tick(second + 1)

        assert [(t.key.text, t.to_state.value) for t in stage.transitions] == [("lobby", "firing")]
        assert stage.transitions[0].value == 15.0

    def test_silence_while_nobody_listened_is_unknown(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**BLIND)).see(kit.interval(0)).tick(2)
        stage.engine.resume(kit.at(60))
        stage.tick(60, 70, 74)
        assert stage.log == []

        assert stage.tick(75).log == [(75, "firing")]


class TestTracks:
    def test_each_track_has_its_own_alert(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**SMILE))
        stage.see(*(kit.interval(s, (7, "happy"), (8, "sad")) for s in range(4)))

        (fired,) = stage.transitions
        assert (fired.key.text, fired.key.camera, fired.key.track_id) == ("R1:7", "lobby", 7)

    def test_alert_of_a_track_that_left_resolves_and_is_forgotten(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**SMILE)).play("hhhh" + "." * 60)

        assert stage.log == [(2, "firing"), (7, "resolved")]
        assert list(stage.engine.alerts()) == []

    def test_track_of_a_lost_camera_ends_although_nothing_is_known(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**SMILE)).play("hhhh" + " " * 60)

        ((_, fired), (_, resolved)) = stage.log
        assert (fired, resolved) == ("firing", "resolved")
        assert stage.transitions[-1].cause == "track-ended"
        assert list(stage.engine.alerts()) == []

    def test_same_number_in_another_run_is_another_track(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**SMILE))
        stage.see(*(kit.interval(s, (1, "happy")) for s in range(2)))
        stage.see(*(kit.interval(s, (1, "happy"), seq=s - 1, run="R2") for s in range(2, 4)))

        assert [t.key.text for t in stage.transitions] == ["R1:1", "R2:1"]


CROWD = {"name": "crowd", "by": "site", "when": [{"faces": {"over": "2s"}, "at_least": 3}]}


class TestSite:
    def test_pools_all_cameras(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**CROWD), cameras=("a", "b"))
        for second in range(3):
            stage.see(kit.interval(second, (1, "sad"), (2, "sad"), camera="a", run="A"))
            stage.see(kit.interval(second, (1, "sad"), camera="b", run="B"))

        (fired,) = stage.transitions
        assert (fired.key.text, fired.value) == ("site", 3.0)

    def test_a_dead_camera_leaves_the_rest_at_work(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**CROWD), cameras=("a", "b"))
        faces = [(n, "sad") for n in (1, 2, 3)]
        for second in range(12):
            stage.see(kit.interval(second, *faces, camera="a", run="A")).tick(second + 1)

        assert stage.states == ["firing"]


class TestOrder:
    def test_duplicates_change_nothing(self, kit: Any) -> None:
        stage = kit.stage().play("hhh")
        before = stage.log
        stage.see(*(kit.interval(s, (1, "sad"), seq=s + 1) for s in range(3)))

        assert stage.log == before
        assert stage.engine.drops["duplicate"] == 3

    def test_waits_for_a_missing_event_and_takes_it_in(self, kit: Any) -> None:
        stage = kit.stage()
        stage.see(kit.interval(1, (1, "happy"), seq=2))
        assert stage.engine.holds(kit.interval(1, seq=2))

        stage.see(kit.interval(0, (1, "happy"), seq=1))
        assert not stage.engine.holds(kit.interval(1, seq=2))
        assert stage.log == [(2, "firing")]

    def test_gives_a_hole_up_after_its_time_and_counts_it(self, kit: Any) -> None:
        stage = kit.stage().see(*(kit.interval(s, (1, "happy"), seq=s + 3) for s in range(3)))
        stage.tick(3, 7.9)
        assert stage.log == []

        stage.tick(8)
        assert stage.states == ["firing"]
        assert stage.engine.drops["hole"] == 2

    def test_what_is_older_than_every_window_is_counted(self, kit: Any) -> None:
        stage = kit.stage().see(kit.interval(500, seq=1), kit.interval(0, run="R0", seq=1))

        assert stage.engine.drops["late"] == 1

    def test_events_of_cameras_not_configured_are_counted(self, kit: Any) -> None:
        stage = kit.stage().see(kit.interval(0, camera="gone"))

        assert stage.engine.drops["unknown-camera"] == 1


def stored_of(stage: Any) -> list[StoredAlert]:
    """Return what a stage's engine would have stored, through JSON as the store keeps it."""
    return [
        StoredAlert(one.rule, one.key, json.loads(json.dumps(one.data)))
        for one in stage.engine.take_changes().alerts
        if one.data is not None
    ]


class TestRestart:
    """A new engine goes on as the old one would have, at whatever second it is cut."""

    SCRIPT = "nnnhhhhhhhhnnnhhnnnnnnnnnnhhhhhhhh..nnnnnnnn"

    def test_goes_on_as_if_nothing_had_happened(self, kit: Any) -> None:
        rules = [
            kit.rule(name="joy", **{"for": "3s"}),
            kit.rule(name="smile", by="track", keep_firing_for="4s"),
            kit.rule(
                name="sticky",
                when=[
                    {
                        "share": {"emotion": "happy", "over": "4s"},
                        "above": 0.7,
                        "clear_below": 0.3,
                    },
                    {"faces": {"over": "2s"}, "at_least": 1},
                ],
            ),
        ]
        names = {"h": "happy", "n": "neutral"}
        events = [
            kit.interval(s, *([(1, names[m])] if m in names else []))
            for s, m in enumerate(self.SCRIPT)
        ]
        expected = kit.stage(*rules).see(*events).transitions
        assert len(expected) > 10

        for cut in range(len(events)):
            old = kit.stage(*rules).see(*events[:cut])
            new = kit.stage(*rules, start=cut + 5.0)
            new.engine.restore(stored_of(old), {"R1": cut} if cut else {}, history=events)
            # The last ones are delivered again: nobody acknowledged them.
            new.see(*events[max(0, cut - 3) :])
            assert old.transitions + new.transitions == expected, cut

    def test_pending_alert_is_forgotten_once_at_rest(self, kit: Any) -> None:
        stage = kit.stage(kit.rule(**{"for": "5s"})).play("nnhhh")
        (pending,) = stage.engine.take_changes().alerts
        assert pending.data is not None

        stage.see(*(kit.interval(s, (1, "sad")) for s in range(5, 9)))
        assert stage.states == ["pending", "inactive"]
        assert [m.data for m in stage.engine.take_changes().alerts] == [None]

    def test_camera_at_rest_is_not_stored(self, kit: Any) -> None:
        changes = kit.stage().play("nnnn....").engine.take_changes()

        assert changes.alerts == []
        assert changes.progress == {"R1": 8}

    def test_alert_of_a_removed_rule_is_resolved_for_those_it_was_sent_to(self, kit: Any) -> None:
        old = kit.stage(kit.rule(notify=["ops"])).play("hhhh")
        stored = old.engine.take_changes().alerts
        new = kit.stage(kit.rule(name="other"), start=10)
        (ended,) = new.engine.restore(stored, {}, [])

        assert (ended.rule, ended.to_state, ended.cause) == ("joy", "resolved", "rule-removed")
        assert (ended.message, ended.notify) == ("resolved", ("ops",))
        assert [m.data for m in new.engine.take_changes().alerts] == [None]

    def test_end_is_told_to_those_who_were_told_of_the_start(self, kit: Any) -> None:
        old = kit.stage(kit.rule(notify=["ops"])).play("hhhh")
        new = kit.stage(kit.rule(notify=["night", "ops2"]), start=4)
        new.engine.restore(stored_of(old), {"R1": 4}, [kit.interval(s) for s in range(4)])
        new.see(*(kit.interval(s, (1, "sad")) for s in range(4, 8)))
        new.see(*(kit.interval(s, (1, "happy")) for s in range(8, 12)))

        told = [(step.message, step.notify) for step in new.transitions]
        assert told == [("resolved", ("ops",)), ("firing", ("night", "ops2"))]

    def test_time_served_is_kept_over_a_restart(self, kit: Any) -> None:
        rule = kit.rule(**BLIND, **{"for": "60s"})
        old = kit.stage(rule).see(kit.interval(0)).tick(*range(1, 48))
        assert old.log == [(16, "pending")]

        new = kit.stage(rule, start=47)
        new.engine.restore(stored_of(old), {"R1": 1}, [kit.interval(0)])
        new.tick(*range(47, 80))
        assert new.log == [(76, "firing")]

    def test_restarts_before_its_time_do_not_keep_an_alert_from_firing(self, kit: Any) -> None:
        rule = kit.rule(**BLIND, **{"for": "60s"})
        stage = kit.stage(rule)
        stored: list[StoredAlert] = []
        fired: list[float] = []
        for life in range(3):
            # 50 s of work and 10 s of nobody at work, in turn.
            begins = 60 * life
            stage = kit.stage(rule, start=begins)
            stage.engine.restore(stored, {}, [])
            stage.see(kit.interval(0)) if life == 0 else None
            stage.tick(*range(begins + 1, begins + 51))
            stored = stored_of(stage) or stored
            fired += [second for second, state in stage.log if state == "firing"]

        # Pending at 16, so 34 s in the first life and the other 26 in the second.
        assert fired == [87]

    def test_time_served_survives_a_kill_but_for_a_second(self, kit: Any) -> None:
        rule = kit.rule(**BLIND, **{"for": "60s"})
        old = kit.stage(rule).see(kit.interval(0)).tick(*range(1, 17))
        old.engine.take_changes()
        served = []
        for second in range(17, 47):
            old.tick(*(second + n / 4 for n in range(4)))
            served += [one.data["evaluated_s"] for one in old.engine.take_changes().alerts]

        start_s = kit.at(0).timestamp()
        assert [round(at_s - start_s) for at_s in served] == list(range(17, 47))

    def test_silence_across_a_restart_holds_until_known(self, kit: Any) -> None:
        old = kit.stage(kit.rule(**BLIND)).see(kit.interval(0)).tick(*range(20))
        stored = old.engine.take_changes().alerts
        new = kit.stage(kit.rule(**BLIND), start=30)
        new.engine.restore(stored, {}, [])
        new.tick(*range(30, 60))
        assert new.log == []

        new.see(kit.interval(60, seq=1))
        assert new.states == ["resolved"]


def test_long_intervals_are_waited_for_longer() -> None:
    assert lateness_of(0.2) == LATENESS_S
    assert lateness_of(60) == 180
