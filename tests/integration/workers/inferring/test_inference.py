"""The inference loop over real rings, spool and Redis; the networks are stand-ins."""

from __future__ import annotations

import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis
from kit.inferring import Camera, Rhythm, Worker, check_runs, go_live, intervals, published

from surveil.config import Fleet
from surveil.domain import (
    CameraEvent,
    CameraState,
    Emotion,
    IntervalEvent,
    Reason,
)
from surveil.events.connection import connect
from surveil.events.embedded import EmbeddedRedis
from surveil.events.progress import publish_committed
from surveil.live import ReadingsRing
from surveil.policy import Policy
from surveil.workers.inferring import overload


def test_two_cameras_from_ring_to_stream(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    door: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    go_live(lobby)
    go_live(door)
    worker = Worker(fleet, [lobby, door], bell[0], redis_server.url)
    worker.work(lambda: worker.count("events_total", type="interval") >= 6, Rhythm(lobby, door))
    for camera in (lobby, door):
        camera.state(CameraState.STOPPED, Reason.SHUTDOWN)
    worker.stop()
    events = published(redis_client)
    check_runs(events)
    for camera in (lobby, door):
        states = [e.state for e in events if isinstance(e, CameraEvent) and e.run == camera.run]
        assert states == [CameraState.CONNECTING, CameraState.LIVE, CameraState.STOPPED]
        told = intervals(events, camera.run)
        assert all(a.to_at == b.from_at for a, b in pairwise(told))
        tally = camera.ring.tally()
        assert tally is not None
        assert sum(e.frames.sampled for e in told) == tally.sampled
        assert sum(e.frames.captured for e in told) == tally.captured
        votes = [vote for e in told for vote in e.tracks]
        assert {(v.track_id, v.emotion) for v in votes} == {(1, Emotion.HAPPY)}
        assert events[-1].seq == max(e.seq for e in events if e.run == events[-1].run)
    assert {e.model for e in events if isinstance(e, IntervalEvent)} == {"happy@1"}


def test_camera_without_frames_has_intervals_and_one_that_is_offline_has_none(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    door: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    go_live(lobby)
    door.open()
    door.state(CameraState.OFFLINE, Reason.REFUSED)
    worker = Worker(fleet, [lobby, door], bell[0], redis_server.url)
    worker.work(lambda: worker.count("events_total", type="interval") >= 3)
    worker.stop()
    events = published(redis_client)
    check_runs(events)
    assert all(e.frames.analysed == 0 for e in intervals(events, lobby.run))
    assert intervals(events, door.run) == []
    [offline] = [e for e in events if e.run == door.run]
    assert isinstance(offline, CameraEvent)
    assert (offline.state, offline.reason) == (CameraState.OFFLINE, Reason.REFUSED)


def test_reconnect_is_a_new_run_and_ends_the_old_one(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    go_live(lobby)
    first = lobby.run
    worker = Worker(fleet, [lobby], bell[0], redis_server.url)
    worker.work(lambda: worker.count("frames_analysed_total", camera="lobby") >= 3, Rhythm(lobby))
    lobby.state(CameraState.OFFLINE, Reason.STREAM_BROKEN)
    lobby.open()
    lobby.state(CameraState.LIVE)
    worker.work(lambda: worker.count("frames_analysed_total", camera="lobby") >= 6, Rhythm(lobby))
    worker.stop()
    events = published(redis_client)
    check_runs(events)
    assert intervals(events, first)[-1].to_at <= intervals(events, lobby.run)[0].from_at
    last_of_first = [e for e in events if e.run == first][-1]
    assert isinstance(last_of_first, CameraEvent)
    assert last_of_first.state is CameraState.OFFLINE
    # The last interval may hold no frame; the new run's ids begin anew.
    told = {track.track_id for event in intervals(events, lobby.run) for track in event.tracks}
    assert told == {1}


def test_camera_that_connected_while_the_worker_stood_still_is_analysed(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    worker = Worker(fleet, [lobby], bell[0], redis_server.url)
    go_live(lobby)
    lobby.shoot()  # states and the first frame come in one step
    worker.work(lambda: worker.count("frames_analysed_total", camera="lobby") >= 5, Rhythm(lobby))
    lobby.state(CameraState.STOPPED, Reason.SHUTDOWN)
    worker.stop()
    events = published(redis_client)
    check_runs(events)
    assert [e.state for e in events[:2] if isinstance(e, CameraEvent)] == [
        CameraState.CONNECTING,
        CameraState.LIVE,
    ]
    tally = lobby.ring.tally()
    assert tally is not None
    assert sum(e.frames.sampled for e in intervals(events, lobby.run)) == tally.sampled
    assert worker.count("frames_dropped_total", camera="lobby", cause="run-over") == 0


def test_run_that_ends_and_the_next_one_in_one_step_keep_their_frames(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    go_live(lobby)
    worker = Worker(fleet, [lobby], bell[0], redis_server.url)
    first = lobby.run
    lobby.shoot()
    worker.loop.step()  # the frame is analysed, or waits for its batch
    lobby.state(CameraState.OFFLINE, Reason.FORMAT_CHANGED)
    lobby.open()
    lobby.state(CameraState.LIVE)
    lobby.shoot()
    worker.loop.step()
    worker.stop()
    events = published(redis_client)
    check_runs(events)
    assert [sum(e.frames.analysed for e in intervals(events, r)) for r in (first, lobby.run)] == [
        1,
        1,
    ]


def test_frame_of_a_run_whose_end_was_told_is_refused_with_a_cause(
    fleet: Fleet, bell: tuple[int, int], lobby: Camera, redis_server: EmbeddedRedis
) -> None:
    go_live(lobby)
    worker = Worker(fleet, [lobby], bell[0], redis_server.url)
    lobby.shoot()
    lobby.state(CameraState.OFFLINE, Reason.STREAM_BROKEN)
    worker.stop()
    lobby.shoot()
    worker = Worker(fleet, [lobby], bell[0], redis_server.url)
    worker.work(lambda: worker.count("frames_dropped_total", camera="lobby", cause="run-over") == 1)
    worker.stop()
    assert worker.count("frames_analysed_total", camera="lobby") == 0


def test_killed_worker_is_followed_by_one_that_goes_on_in_the_same_run(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    def has_told(worker: Worker) -> bool:
        return worker.count("events_total", type="interval") >= 3

    go_live(lobby)
    for _ in range(3):
        worker = Worker(fleet, [lobby], bell[0], redis_server.url)
        worker.work(partial(has_told, worker), Rhythm(lobby))
        worker.die()
        lobby.shoot()
    lobby.state(CameraState.STOPPED, Reason.SHUTDOWN)
    worker = Worker(fleet, [lobby], bell[0], redis_server.url)
    worker.stop()
    events = published(redis_client)
    check_runs(events)
    assert {e.run for e in events} == {lobby.run}
    states = [e.state for e in events if isinstance(e, CameraEvent)]
    assert states == [CameraState.CONNECTING, CameraState.LIVE, CameraState.STOPPED]
    told = intervals(events, lobby.run)
    ids = [vote.track_id for e in told for vote in e.tracks]
    assert ids == sorted(ids)
    assert len(set(ids)) == 3  # each worker its own, none used twice


def test_old_frames_are_stale_and_not_analysed(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    go_live(lobby)
    worker = Worker(fleet, [lobby], bell[0], redis_server.url)
    lobby.shoot(age_s=2.0)
    worker.work(lambda: worker.count("frames_dropped_total", camera="lobby", cause="stale") >= 1)
    worker.stop()
    events = published(redis_client)
    check_runs(events)
    assert sum(e.frames.stale for e in intervals(events, lobby.run)) == 1
    assert worker.count("frames_analysed_total", camera="lobby") == 0


def test_overload_is_shared_evenly_and_told(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    door: Camera,
    redis_server: EmbeddedRedis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overload, "WINDOW_S", 0.3)
    for camera in (lobby, door):
        go_live(camera)
    worker = Worker(fleet, [lobby, door], bell[0], redis_server.url)

    def shoot(times: int) -> None:
        for camera in (lobby, door) * times:
            camera.shoot()
        time.sleep(0.02)

    def degraded() -> list[float]:
        return [worker.count("camera_degraded", camera=name) for name in ("lobby", "door")]

    worker.work(lambda: degraded() == [1.0, 1.0], each=lambda: shoot(4))
    assert 0.2 < worker.count("frames_analysed_ratio") < 0.6
    lobby_count, door_count = (
        worker.count("frames_analysed_total", camera=name) for name in ("lobby", "door")
    )
    assert abs(lobby_count - door_count) <= 1
    worker.work(lambda: degraded() == [0.0, 0.0], each=lambda: shoot(1))
    assert worker.count("frames_analysed_ratio") > 0.9
    worker.stop()


def test_redis_away_does_not_stop_the_analysis(
    fleet: Fleet, bell: tuple[int, int], lobby: Camera, own_redis_server: EmbeddedRedis
) -> None:
    go_live(lobby)
    own_redis_server.stop()
    worker = Worker(fleet, [lobby], bell[0], own_redis_server.url)
    worker.work(lambda: worker.count("events_total", type="interval") >= 3, Rhythm(lobby))
    assert worker.spool.pending_count >= 5
    own_redis_server.start()
    worker.work(
        lambda: worker.publisher.stats.is_connected and worker.publisher.stats.lag_s == 0,
        Rhythm(lobby),
    )
    worker.stop()
    with connect(own_redis_server.url) as client:
        check_runs(published(client))


def test_full_spool_leaves_gaps_and_no_holes(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    go_live(lobby)
    tiny = fleet.model_copy(update={"spool": fleet.spool.model_copy(update={"max_bytes": 2000})})
    worker = Worker(tiny, [lobby], bell[0], redis_server.url)
    worker.work(
        lambda: worker.count("events_refused_total", cause="spool-full") >= 3, Rhythm(lobby)
    )
    publish_committed(redis_client, {lobby.run: worker.spool.mark(lobby.run).last_seq})
    worker.work(lambda: worker.spool.pending_count == 0)
    worker.work(lambda: worker.spool.pending_count > 0, Rhythm(lobby))
    worker.stop()
    events = published(redis_client)
    check_runs(events)
    told = intervals(events, lobby.run)
    assert any(a.to_at < b.from_at for a, b in pairwise(told))


def traces(folder: Path, client: redis.Redis, logged: str) -> dict[str, bool]:
    """Return where single faces are told of: on this host's disk, in Redis, in the log."""
    marks = (b'"track_id"', b'"emotion"', b'"happy"')
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    keys: Any = client.keys("*")
    streams: list[Any] = [client.xrange(key) for key in keys if client.type(key) == b"stream"]
    stored = b"".join(
        value for entries in streams for _, fields in entries for value in fields.values()
    )
    return {
        where: any(mark in content for mark in marks)
        for where, content in (("disk", files), ("redis", stored), ("log", logged.encode()))
    }


@pytest.mark.parametrize("keeps_tracks", [True, False])
def test_what_a_policy_forbids_is_written_nowhere(
    fleet: Fleet,
    bell: tuple[int, int],
    lobby: Camera,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    capfd: pytest.CaptureFixture[str],
    keeps_tracks: bool,
) -> None:
    go_live(lobby)
    worker = Worker(fleet, [lobby], bell[0], redis_server.url, Policy(keeps_tracks=keeps_tracks))
    shown = worker.readings["lobby"] = ReadingsRing.create()
    worker.work(lambda: worker.count("events_total", type="interval") >= 3, Rhythm(lobby))
    on_disk = traces(fleet.data_dir, redis_client, "")["disk"]  # before anything is forgotten
    lobby.state(CameraState.STOPPED, Reason.SHUTDOWN)
    last_track_id = worker.spool.mark(lobby.run).last_track_id
    worker.stop()
    out, err = capfd.readouterr()
    found = traces(fleet.data_dir, redis_client, out + err)
    assert (on_disk, found["disk"], found["redis"]) == (keeps_tracks,) * 3
    assert not found["log"]
    assert last_track_id == (1 if keeps_tracks else 0)
    assert (worker.count("faces_total", camera="lobby") > 0) is keeps_tracks
    assert bool(shown.read()) is keeps_tracks
    shown.close()
    told = intervals(published(redis_client), lobby.run)
    assert sum(event.frames.analysed for event in told) > 0
    assert any(event.tracks for event in told) is keeps_tracks


def test_readings_are_shown_of_the_cameras_that_somebody_watches(
    fleet: Fleet, bell: tuple[int, int], lobby: Camera, door: Camera, redis_server: EmbeddedRedis
) -> None:
    go_live(lobby)
    go_live(door)
    worker = Worker(fleet, [lobby, door], bell[0], redis_server.url)
    shown = worker.readings["lobby"] = ReadingsRing.create()
    worker.work(lambda: worker.count("frames_analysed_total", camera="lobby") >= 5, Rhythm(lobby))
    look = lobby.ring.peek()
    assert look is not None
    readings = shown.read()
    assert len(readings) == worker.count("frames_analysed_total", camera="lobby")
    assert {reading.run for reading in readings} == {lobby.run}
    assert [r.index for r in readings] == sorted(r.index for r in readings)
    assert readings[-1].index <= look.index
    [face] = readings[-1].faces
    assert (face.track_id, face.emotion) == (1, Emotion.HAPPY)
    worker.stop()
    shown.close()
