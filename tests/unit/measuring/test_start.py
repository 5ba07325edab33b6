"""What a started daemon's metrics are waited for."""

from __future__ import annotations

from pathlib import Path

from surveil.config import load_fleet
from surveil.measuring.exposition import Exposition
from surveil.measuring.start import has_analysed, is_ready, write_fleet

UP = 'surveil_worker_up{of="inference"} %d\nsurveil_worker_up{of="recorder"} 1\n'


def test_a_daemon_is_ready_when_all_its_workers_are() -> None:
    assert not is_ready(Exposition({}))
    assert not is_ready(Exposition.read(UP % 0))
    assert is_ready(Exposition.read(UP % 1))


def test_a_frame_is_analysed_when_its_counter_says_so() -> None:
    counter = 'surveil_frames_analysed_total{camera="a"} %d\n'
    assert not has_analysed(Exposition.read(counter % 0))
    assert has_analysed(Exposition.read(counter % 1))


def test_the_fleet_that_is_started_is_valid(tmp_path: Path) -> None:
    assert list(load_fleet(write_fleet(tmp_path)).cameras) == ["cam"]
