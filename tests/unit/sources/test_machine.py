"""What is announced of a camera, and which run it belongs to."""

from __future__ import annotations

import pytest

from surveil.domain import CameraState, Reason
from surveil.sources.failure import Failure
from surveil.sources.machine import CameraMachine, Change, Limits

LIVE = Change(CameraState.LIVE)
NEW_LIVE = Change(CameraState.LIVE, opens_run=True)
ENDED = Failure(Reason.STREAM_ENDED)


@pytest.fixture
def machine() -> CameraMachine:
    machine = CameraMachine(Limits(connect_s=10, first_frame_s=8, stall_s=5))
    assert machine.start() == Change(CameraState.CONNECTING)
    machine.connect(0.0)
    return machine


def go_live(machine: CameraMachine, now_s: float) -> Change | None:
    machine.connect(now_s)
    machine.connected(now_s)
    return machine.picture(now_s)


def test_the_first_run_begins_with_connecting(machine: CameraMachine) -> None:
    machine.connected(1.0)
    assert machine.picture(2.0) == LIVE
    assert machine.picture(3.0) is None


def test_attempts_before_the_first_picture_stay_in_the_first_run(machine: CameraMachine) -> None:
    refused = Failure(Reason.REFUSED, "Connection refused")
    change, reason = machine.lost(refused)
    assert change == Change(CameraState.OFFLINE, Reason.REFUSED, "Connection refused")
    assert reason is Reason.REFUSED
    assert go_live(machine, 1.0) == LIVE


def test_a_retry_that_fails_alike_is_no_news_but_another_reason_is(machine: CameraMachine) -> None:
    machine.lost(Failure(Reason.REFUSED))
    machine.connect(1.0)
    assert machine.lost(Failure(Reason.REFUSED))[0] is None
    machine.connect(2.0)
    assert machine.lost(Failure(Reason.NOT_FOUND))[0] == Change(
        CameraState.OFFLINE, Reason.NOT_FOUND
    )


def test_a_lost_stream_comes_back_in_a_new_run(machine: CameraMachine) -> None:
    go_live(machine, 1.0)
    assert machine.lost(ENDED)[0] == Change(CameraState.OFFLINE, Reason.STREAM_ENDED)
    machine.connect(2.0)
    machine.lost(Failure(Reason.REFUSED))
    assert go_live(machine, 3.0) == NEW_LIVE
    machine.lost(ENDED)
    assert go_live(machine, 4.0) == NEW_LIVE


@pytest.mark.parametrize(
    ("steps", "limit_s", "text"),
    [(0, 10, "no answer"), (1, 8, "no picture within 8 s"), (2, 5, "no picture for 5 s")],
)
def test_each_wait_has_its_own_limit(
    machine: CameraMachine, steps: int, limit_s: float, text: str
) -> None:
    if steps >= 1:
        machine.connected(0.0)
    if steps >= 2:
        machine.picture(0.0)
    assert machine.tick(limit_s - 0.01) == (None, False)
    change, is_overdue = machine.tick(limit_s)
    assert is_overdue
    assert (change is not None) == (steps == 2)  # only a live camera stalls
    # Whatever the interrupted read then says, the reason is that it was overdue.
    change, reason = machine.lost(ENDED)
    assert reason is Reason.TIMEOUT
    assert change is not None
    assert text in change.detail


def test_the_wait_for_the_first_picture_begins_once(machine: CameraMachine) -> None:
    machine.connected(1.0)
    machine.connected(7.0)  # told again by whoever came to know it later
    assert machine.tick(9.0) == (None, True)


def test_what_an_interruption_cannot_bring_about_is_believed(machine: CameraMachine) -> None:
    machine.tick(10.0)
    no_decoder = Failure(Reason.CODEC_UNSUPPORTED, "no decoder")
    assert machine.lost(no_decoder)[1] is Reason.CODEC_UNSUPPORTED


def test_an_interruption_has_the_reason_it_was_made_for(machine: CameraMachine) -> None:
    machine.connected(1.0)
    machine.condemn(Failure(Reason.MEMORY_LIMIT, "too much"))
    change, reason = machine.lost(ENDED)
    assert reason is Reason.MEMORY_LIMIT
    assert change is not None
    assert change.detail == "too much"


def test_a_stall_that_ends_by_itself_stays_in_its_run(machine: CameraMachine) -> None:
    go_live(machine, 0.0)
    change, _ = machine.tick(5.0)
    assert change is not None
    assert (change.state, change.reason) == (CameraState.STALLED, Reason.TIMEOUT)
    assert machine.picture(6.0) == LIVE
    assert machine.tick(7.0) == (None, False)
    assert machine.lost(ENDED)[1] is Reason.STREAM_ENDED


def test_frozen_and_back(machine: CameraMachine) -> None:
    go_live(machine, 0.0)
    frozen = Change(CameraState.FROZEN, Reason.FROZEN_PICTURE)
    assert machine.picture(1.0, is_frozen=True) == frozen
    assert machine.picture(2.0, is_frozen=True) is None
    assert machine.picture(3.0) == LIVE
    machine.picture(4.0, is_frozen=True)
    change, _ = machine.tick(9.0)
    assert change is not None
    assert change.state is CameraState.STALLED


def test_another_format_ends_the_run_and_opens_one(machine: CameraMachine) -> None:
    go_live(machine, 0.0)
    end, begin = machine.reformat("a to b")
    assert end == Change(CameraState.OFFLINE, Reason.FORMAT_CHANGED, "a to b")
    assert begin == NEW_LIVE
    assert machine.picture(1.0) is None


def test_stopping_is_the_end(machine: CameraMachine) -> None:
    go_live(machine, 0.0)
    assert machine.stop(Reason.SHUTDOWN) == Change(CameraState.STOPPED, Reason.SHUTDOWN)
    assert machine.stop(Reason.STREAM_ENDED) is None
    assert machine.tick(1e9) == (None, False)


def test_how_long_it_was_live(machine: CameraMachine) -> None:
    assert machine.live_s(1.0) == 0.0
    go_live(machine, 2.0)
    machine.tick(7.0)
    machine.picture(8.0)  # a stall that ended by itself does not start it anew
    assert machine.live_s(12.0) == 10.0
    assert machine.live_s(13.0) == 0.0
