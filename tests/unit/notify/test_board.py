"""How cameras stand, for whoever shows it."""

from __future__ import annotations

from kit.events import CameraLife, make_vote

from surveil.domain import CameraState, Emotion, Reason
from surveil.notify.board import SITE, Board, CameraReading


def test_faces_and_expression_do_not_flicker() -> None:
    board, life = Board(["lobby"]), CameraLife("lobby").says(0, CameraState.LIVE)
    for second in range(5):
        seen = [] if second == 3 else [make_vote(n, Emotion.HAPPY) for n in (1, 2)]
        life.sees(second, second + 1, *seen)
    for event in reversed(list(life)):
        board.hear(event)  # late ones change nothing
    for event in life:
        board.hear(event)
    reading = board.read("ops").cameras["lobby"]
    assert (reading.state, reading.faces, reading.expression) == ("live", 2, "happy")


def test_of_a_camera_that_is_away_nothing_old_is_shown() -> None:
    board = Board(["lobby", "desk"])
    life = CameraLife("lobby").says(0, CameraState.LIVE).sees(0, 1, make_vote(1))
    for event in life.says(2, CameraState.OFFLINE, Reason.TIMEOUT):
        board.hear(event)
    board.hear(next(iter(CameraLife("vault").says(0, CameraState.LIVE))))
    assert board.read("ops").cameras == {
        "lobby": CameraReading("offline"),
        "desk": CameraReading(),
    }


def test_a_receiver_is_shown_the_rules_that_tell_it() -> None:
    board = Board(["lobby"])
    board.set_rules({"lobby": {"joy": ["ops"], "fear": ["night"]}, SITE: {"quiet": ["ops"]}})
    board.show_lit({("lobby", "joy")})
    assert board.read("ops").rules == {"lobby": ("joy",), SITE: ("quiet",)}
    assert board.read("night").rules == {"lobby": ("fear",), SITE: ()}
    assert board.read("ops").lit == {("lobby", "joy")}
