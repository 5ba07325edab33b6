"""Which worker takes which cameras: each camera once, evenly, and alike each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.config import Camera, Fleet
from surveil.workers.host import placement
from surveil.workers.host.placement import names, place, threads_each, usable_cores, workers_for


def cameras_of(*rates_fps: float) -> list[Camera]:
    fleet = fleet_of({}, *rates_fps)
    return [camera for camera in fleet.cameras.values() if camera.enabled]


def fleet_of(inference: dict[str, object], *rates_fps: float) -> Fleet:
    return Fleet.model_validate(
        {
            "cameras": {
                "off": {"source": "rtsp://192.0.2.1/x", "enabled": False},
                **{
                    f"c{number}": {"source": "rtsp://192.0.2.1/x", "sample_fps": rate}
                    for number, rate in enumerate(rates_fps)
                },
            },
            "inference": inference,
        }
    )


@given(st.lists(st.sampled_from([0.5, 1.0, 5.0, 12.5]), max_size=40), st.integers(1, 9))
def test_each_camera_once_and_loads_within_a_camera(rates_fps: list[float], workers: int) -> None:
    cameras = cameras_of(*rates_fps)
    shares = place(cameras, workers)
    assert len(shares) == workers
    assert sorted(c.id for share in shares for c in share) == sorted(c.id for c in cameras)
    loads = [sum(c.sample_fps for c in share) for share in shares]
    assert max(loads) - min(loads) <= max(rates_fps, default=0.0)
    assert place(list(reversed(cameras)), workers) == [share[::-1] for share in shares]


@pytest.mark.parametrize(
    ("wanted", "rates_fps", "cores", "count"),
    [
        ("auto", [], 8, 1),
        ("auto", [5.0] * 4, 8, 1),
        ("auto", [5.0] * 5, 8, 2),
        ("auto", [5.0] * 16, 2, 2),
        ("auto", [120.0], 8, 1),
        (3, [5.0] * 16, 2, 3),
        (3, [5.0] * 2, 8, 2),
        (3, [], 8, 1),
    ],
)
def test_as_many_workers_as_there_is_work_and_room(
    monkeypatch: pytest.MonkeyPatch,
    wanted: str | int,
    rates_fps: list[float],
    cores: int,
    count: int,
) -> None:
    monkeypatch.setattr(placement, "has_gpu_driver", lambda: False)
    fleet = fleet_of({"workers": wanted}, *rates_fps)
    assert workers_for(fleet, cameras_of(*rates_fps), cores) == count


def test_one_worker_where_a_gpu_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "has_gpu_driver", lambda: True)
    fleet = fleet_of({}, *[5.0] * 16)
    cameras = cameras_of(*[5.0] * 16)
    assert workers_for(fleet, cameras, 8) == 1
    on_cpu = fleet.model_copy(update={"device": "cpu"})
    assert workers_for(on_cpu, cameras, 8) == 4


def test_several_are_numbered() -> None:
    assert names(1) == ["inference"]
    assert names(2) == ["inference-0", "inference-1"]


def test_threads_share_the_cores_but_one() -> None:
    assert [threads_each(1, cores) for cores in (1, 2, 4, 64)] == [1, 1, 3, 8]
    assert [threads_each(2, cores) for cores in (1, 2, 5)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("text", "cpus"), [("150000 100000", 1), ("50000 100000", 1), ("400000 100000", 4)]
)
def test_a_quota_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, cpus: int
) -> None:
    path = tmp_path / "cpu.max"
    path.write_text(text)
    monkeypatch.setattr(placement, "_QUOTA", path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)))
    assert usable_cores() == cpus
    path.write_text("max 100000")
    assert usable_cores() == 16
    path.unlink()
    assert usable_cores() == 16
