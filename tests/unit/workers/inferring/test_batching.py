"""When a batch is due and what is too old for it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from surveil.domain import Frame
from surveil.workers.inferring.batching import Batcher


def frame(camera: str, at_s: float) -> Frame:
    at = datetime.fromtimestamp(1.7e9 + at_s, UTC)
    return Frame(camera, "RUN", 1, at, at_s, np.zeros((2, 2, 3), np.uint8))


def batcher_of(max_batch: int = 16) -> Batcher:
    return Batcher(max_batch=max_batch, max_age_s=0.5)


def warm(batcher: Batcher, *cameras: str, period_s: float = 0.2, until_s: float = 10.0) -> None:
    """Let cameras deliver with a period until a time."""
    steps = round(until_s / period_s)
    for step in range(steps):
        for camera in cameras:
            batcher.offer(frame(camera, step * period_s), step * period_s)
        batcher.take(step * period_s)


def test_nothing_waits_nothing_is_due() -> None:
    assert batcher_of().due_in_s(0.0) is None
    assert batcher_of().take(0.0).frames == []


def test_due_at_once_when_every_camera_has_delivered() -> None:
    batcher = batcher_of()
    warm(batcher, "a", "b")
    batcher.offer(frame("a", 10.0), 10.0)
    assert batcher.due_in_s(10.0) == pytest.approx(0.1)
    batcher.offer(frame("b", 10.01), 10.01)
    assert batcher.due_in_s(10.01) == 0.0


@pytest.mark.parametrize(
    ("period_s", "execution_s", "window_s"),
    [(0.2, 0.15, 0.05), (0.2, 0.01, 0.1), (0.2, 0.4, 0.002), (0.04, 0.01, 0.03)],
)
def test_window_is_the_period_less_the_execution(
    period_s: float, execution_s: float, window_s: float
) -> None:
    batcher = batcher_of()
    warm(batcher, "a", "b", period_s=period_s)
    batcher.executed(execution_s)
    assert batcher.window_s == pytest.approx(window_s, abs=1e-3)
    batcher.offer(frame("a", 10.0), 10.0)
    assert batcher.due_in_s(10.0 + window_s + 0.001) == 0.0


def test_camera_that_stopped_delivering_is_not_waited_for() -> None:
    batcher = batcher_of()
    warm(batcher, "a", "b")
    batcher.offer(frame("a", 12.0), 12.0)
    assert batcher.due_in_s(12.0) == 0.0


def test_full_batch_is_due_and_leaves_frames_in_the_ring() -> None:
    batcher = batcher_of(max_batch=2)
    warm(batcher, "a", "b", "c")
    batcher.offer(frame("a", 10.0), 10.0)
    assert batcher.has_room
    batcher.offer(frame("b", 10.0), 10.0)
    assert not batcher.has_room
    assert batcher.due_in_s(10.0) == 0.0


def test_old_frames_are_stale_and_the_rest_is_in_order_of_time() -> None:
    batcher = batcher_of()
    for camera, at_s in [("a", 9.9), ("b", 9.3), ("c", 9.6)]:
        batcher.offer(frame(camera, at_s), 10.0)
    batch = batcher.take(10.0)
    assert [f.camera for f in batch.frames] == ["c", "a"]
    assert [f.camera for f in batch.stale] == ["b"]
    assert batcher.due_in_s(10.0) is None


def test_offline_camera_is_forgotten() -> None:
    batcher = batcher_of()
    warm(batcher, "a", "b")
    batcher.forget("b")
    batcher.offer(frame("a", 10.0), 10.0)
    assert batcher.due_in_s(10.0) == 0.0
