"""How a host belongs to a fleet that is spread."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.config import Fleet
from surveil.errors import ConfigError
from surveil.secrets import SecretUrl
from surveil.workers.host.capacity import save_capacity
from surveil.workers.host.membership import Shard, join, shard_of
from surveil.workers.host.placement import FPS_OF_A_WORKER, usable_cores

CAMERAS = [f"cam-{number}" for number in range(1000)]


def make_fleet(**more: object) -> Fleet:
    shared = {"redis": "redis://r:6379/0", "database": "postgresql+psycopg://s@db/s"}
    return Fleet.model_validate(
        {"version": 1, "cameras": {"a": {"source": "rtsp://10.0.0.1/x"}}, **shared, **more}
    )


@given(st.sampled_from(CAMERAS), st.integers(1, 64))
def test_each_camera_is_of_one_shard(camera: str, count: int) -> None:
    assert [Shard(n, count).has(camera) for n in range(count)].count(True) == 1


def test_one_shard_more_moves_no_camera_but_to_it() -> None:
    for count in (1, 2, 7):
        moved = [c for c in CAMERAS if shard_of(c, count + 1) != shard_of(c, count)]
        assert {shard_of(camera, count + 1) for camera in moved} == {count}
        assert len(moved) < 1.5 * len(CAMERAS) / (count + 1)


def test_shards_are_even_and_the_same_in_every_release() -> None:
    sizes = Counter(shard_of(camera, 8) for camera in CAMERAS)
    assert min(sizes.values()) > 90
    assert [shard_of(camera, 8) for camera in CAMERAS[:8]] == [6, 2, 7, 2, 0, 0, 6, 6]


@pytest.mark.parametrize("text", ["8/8", "1", "a/b", "-1/8", "0/0", ""])
def test_a_shard_that_is_none_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ConfigError, match="0/8 to 7/8"):
        Shard.parse(text)


def test_a_host_has_a_name_labels_and_a_folder_of_its_own() -> None:
    fleet = make_fleet(data_dir="/srv/surveil")
    member = join(fleet, shard=None, host="north/1", labels=["site=north"], capacity_fps=40)
    assert (member.host, member.labels, member.capacity_fps) == ("north/1", {"site": "north"}, 40)
    assert member.settle(fleet).data_dir == Path("/srv/surveil/north_1")
    shard = join(fleet, shard="0/2", host=None)
    assert shard.settle(fleet).data_dir == Path("/srv/surveil")
    assert shard.host.endswith(":/srv/surveil")


def test_a_host_carries_what_was_said_or_measured_or_what_cores_do(tmp_path: Path) -> None:
    fleet = make_fleet(data_dir=str(tmp_path))
    cores = usable_cores()
    assert join(fleet, shard=None, host="n").capacity_fps == FPS_OF_A_WORKER * cores
    save_capacity(tmp_path, 61.25, cores)
    assert join(fleet, shard=None, host="n").capacity_fps == 61.2
    assert join(fleet, shard=None, host="n", capacity_fps=7).capacity_fps == 7


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"redis": "embedded"}, "redis: embedded serves one host only"),
        ({"database": SecretUrl("sqlite:////srv/s.db")}, "a SQLite file serves one host only"),
    ],
)
def test_servers_of_one_host_alone_are_refused(more: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        join(make_fleet().model_copy(update=more), shard="0/2", host=None)


def test_a_label_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="--label north: give KEY=VALUE"):
        join(make_fleet(), shard="0/2", host=None, labels=["north"])
