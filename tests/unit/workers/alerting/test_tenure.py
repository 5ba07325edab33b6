"""What a cut-off host says of a camera that another has taken is no matter for rules."""

from __future__ import annotations

from dataclasses import replace

from kit.events import CameraLife

from surveil.workers.alerting.tenure import TOKENS_KEPT, TokenFence


def test_older_tokens_are_heard_of_the_time_before_alone() -> None:
    fence = TokenFence()
    old, new = CameraLife(run="01A"), CameraLife(run="01B")
    old.sees(0, 1).sees(9, 10).sees(11, 12)
    new.sees(10, 11)
    first, before, late = (replace(event, token=1) for event in old)
    (taken,) = (replace(event, token=2) for event in new)
    assert [fence.admits(event) for event in (first, taken, before, late)] == [True] * 3 + [False]
    assert fence.admits(replace(late, camera="door"))
    assert fence.admits(replace(late, token=0))


def test_what_is_remembered_is_bounded() -> None:
    fence = TokenFence()
    for token in range(1, 3 * TOKENS_KEPT):
        life = CameraLife(run=f"01{token:03}").sees(token, token + 1)
        assert fence.admits(replace(life.intervals[0], token=token))
    old = CameraLife(run="01A").sees(99, 100)
    assert not fence.admits(replace(old.intervals[0], token=1))
