"""The parts of the demo that need no processes."""

from __future__ import annotations

import io
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from surveil.config import load_fleet
from surveil.demo.fleet import (
    BLIND_RULE,
    HAPPY_RULE,
    DemoCamera,
    prepare_folder,
    write_fleet,
    write_password,
)
from surveil.demo.report import (
    DemoReport,
    Second,
    find_failures,
    read_report,
    since_begin,
)
from surveil.demo.screen import draw_live, draw_report, line_of
from surveil.demo.view import FleetView
from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.errors import ConfigError, InUseError
from surveil.secrets import Secret
from surveil.simulate import load_clip
from surveil.simulate.examples import CLIPS
from surveil.store import connect, write_batch
from surveil.store.engine import reading, writing
from surveil.store.migrate import upgrade
from surveil.store.reading import AlertRow, GapRow
from surveil.workers.host.datadir import DataDirLock

START = datetime(2025, 1, 31, 12, 0, 0, tzinfo=UTC)
RUN = "01JD0000000000000000000000"
HAPPY = tuple(0.88 if emotion is Emotion.HAPPY else 0.02 for emotion in EMOTIONS)


def vote(track_id: int = 1, face_px: int = 80) -> TrackVote:
    box = Box(0.1, 0.1, 0.2, 0.3)
    return TrackVote(track_id, 5, box, 0.99, face_px, Emotion.HAPPY, 0.88, HAPPY)


def interval(seq: int, *tracks: TrackVote, analysed: int = 5, at_s: float = 0.0) -> IntervalEvent:
    start = START + timedelta(seconds=at_s)
    counts = FrameCounts(captured=15, sampled=5, analysed=analysed, busy=5 - analysed)
    return IntervalEvent(
        "lounge", RUN, seq, start, start + timedelta(seconds=1), counts, tracks, "model@1234567"
    )


def state(seq: int, state: CameraState, reason: Reason = Reason.NONE) -> CameraEvent:
    return CameraEvent("lounge", RUN, seq, START, state, reason)


def test_view_follows_events() -> None:
    view = FleetView(["lounge", "entrance"])
    lounge = view.cameras["lounge"]
    view.observe(state(1, CameraState.LIVE))
    view.observe(interval(2, analysed=3))
    view.observe(interval(3, vote(1, 50), vote(2, 90)))
    assert (lounge.state, lounge.captured_fps, lounge.analysed_fps) == (CameraState.LIVE, 15, 4)
    assert (lounge.dropped, [face.track_id for face in lounge.faces]) == (2, [2, 1])
    assert not view.has_begun
    view.observe(state(4, CameraState.OFFLINE, Reason.REFUSED))
    assert (lounge.faces, lounge.captured_fps, lounge.dropped) == ((), 0, 2)
    view.observe(replace(state(1, CameraState.LIVE), camera="unknown"))
    view.begin()
    assert lounge.dropped == 0


def test_a_camera_that_is_analysed_is_not_said_to_start() -> None:
    view = FleetView(["lounge"])
    view.observe(state(1, CameraState.LIVE, Reason.STARTING))
    view.observe(interval(2, analysed=0))
    assert view.cameras["lounge"].reason is Reason.STARTING
    view.observe(interval(3))
    assert view.cameras["lounge"].reason is Reason.NONE


def test_fleet_file_is_valid_and_keeps_the_password_aside(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "demo")
    write_password(folder, Secret("s3cret-of-the-camera"))
    cameras = [DemoCamera(name, f"rtsp://127.0.0.1:1/{name}", "demo") for name in CLIPS]
    write_fleet(folder, cameras, model="emotion-resnet18", again=["surveil run fleet.yaml"])
    fleet = load_fleet(folder.fleet_file)
    assert set(fleet.cameras) == set(CLIPS)
    assert fleet.data_dir == folder.data_dir
    assert {rule.name for rule in fleet.rules} == {HAPPY_RULE, BLIND_RULE}
    password = fleet.cameras["lounge"].password
    assert password is not None
    assert password.reveal() == "s3cret-of-the-camera"
    assert "s3cret" not in folder.fleet_file.read_text(encoding="utf-8")
    assert stat.S_IMODE(folder.password_file.stat().st_mode) == 0o600


def test_fleet_file_takes_a_webcam_and_odd_sources(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path)
    write_fleet(folder, [DemoCamera("camera", "usb:0")], model="./my: model")
    assert load_fleet(folder.fleet_file).cameras["camera"].source.reveal() == "usb:0"
    write_fleet(folder, [DemoCamera("camera", 'file:a "${b}" #c.mp4')], model="m")
    assert '"${b}" #c.mp4' in load_fleet(folder.fleet_file).cameras["camera"].source.reveal()


def test_folder_of_an_earlier_demo_is_emptied_and_others_are_not(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "demo")
    write_fleet(folder, [DemoCamera("camera", "usb:0")], model="m")
    (folder.data_dir / "redis").mkdir(parents=True)
    (folder.data_dir / "redis" / "old.aof").touch()
    (folder.data_dir / "surveil.db").touch()
    prepare_folder(tmp_path / "demo")
    assert [path.name for path in folder.data_dir.iterdir()] == ["surveil.lock"]
    with DataDirLock(folder.data_dir), pytest.raises(InUseError):
        prepare_folder(tmp_path / "demo")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").touch()
    with pytest.raises(ConfigError, match="something else"):
        prepare_folder(tmp_path / "photos")
    assert (tmp_path / "photos" / "holiday.jpg").exists()


def test_report_reads_timelines_and_gaps_from_sql(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/surveil.db")
    upgrade(engine)
    events: list[Event] = [
        state(1, CameraState.LIVE),
        interval(2, vote(1), vote(2)),
        interval(3, at_s=1),
        state(4, CameraState.OFFLINE, Reason.REFUSED),
        interval(5, vote(1), at_s=6),
    ]
    with writing(engine) as connection:
        write_batch(connection, events)
    with reading(engine) as connection:
        report = read_report(connection, ["lounge", "entrance"])
    engine.dispose()
    lounge = report.timelines["lounge"]
    assert [second.faces for second in lounge] == [2, 0, 0, 0, 0, 0, 1]
    assert [second.is_analysed for second in lounge] == [True] * 2 + [False] * 4 + [True]
    assert lounge[0].scores[Emotion.HAPPY] == pytest.approx(0.88, abs=1e-3)
    assert report.timelines["entrance"] == []
    assert (report.events, report.runs, report.observations) == (5, 1, 3)
    assert not report.uneven_runs


@pytest.fixture
def report() -> DemoReport:
    """Four seconds of loading, then one with two faces, a gap of 3 s and one with nobody."""
    seconds = [
        Second(
            START + timedelta(seconds=index),
            is_analysed=index in (4, 8),
            faces=2 if index == 4 else 0,
            scores=dict(zip(EMOTIONS, HAPPY, strict=True)) if index == 4 else {},
        )
        for index in range(9)
    ]

    def at(second: float) -> datetime:
        return START + timedelta(seconds=second)

    return DemoReport(
        timelines={"lounge": seconds},
        alerts=[
            fired(BLIND_RULE, at(3), at(4.5), "lounge: nothing is seen"),
            fired(HAPPY_RULE, at(4.8), at(5.5), "lounge: mostly happy"),
            fired(BLIND_RULE, at(7.5), at(8.2), "lounge: nothing is seen"),
        ],
        gaps=[
            GapRow("lounge", at(0), at(4), "busy", 20),
            GapRow("lounge", at(5), at(8), "refused", 0),
        ],
        events=12,
        observations=2,
        runs=2,
        uneven_runs=[],
    )


def fired(rule: str, fired_at: datetime, resolved_at: datetime, summary: str) -> AlertRow:
    return AlertRow(
        id=rule,
        rule=rule,
        key="lounge",
        camera="lounge",
        state="resolved",
        value=None,
        since_at=fired_at,
        fired_at=fired_at,
        resolved_at=resolved_at,
        labels={},
        annotations={"summary": summary},
    )


def failures(report: DemoReport, blind_camera: str | None = "lounge") -> list[str]:
    return find_failures(
        report, blind_camera=blind_camera, happy_rule=HAPPY_RULE, blind_rule=BLIND_RULE
    )


def test_whole_report_has_no_failures(report: DemoReport) -> None:
    assert failures(report) == []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda one: replace(one, alerts=one.alerts[:1]), HAPPY_RULE),
        (lambda one: replace(one, alerts=one.alerts[1:2]), BLIND_RULE),
        (lambda one: replace(one, gaps=[]), "not stored as a gap"),
        (lambda one: replace(one, observations=0), "no face"),
        (lambda one: replace(one, uneven_runs=[RUN]), "lost or stored twice"),
        (lambda one: replace(one, timelines={"lounge": []}), "no second was analysed"),
    ],
)
def test_what_is_missing_is_said(
    report: DemoReport, spoil: Callable[[DemoReport], DemoReport], says: str
) -> None:
    assert [text for text in failures(spoil(report)) if says in text]


def test_real_cameras_owe_no_faces_and_no_alerts(report: DemoReport) -> None:
    quiet = replace(report, alerts=[], gaps=[], observations=0)
    assert failures(quiet, blind_camera=None) == []


def test_report_begins_where_all_cameras_are_analysed(report: DemoReport) -> None:
    begun = since_begin(report)
    assert begun.timelines["lounge"][0].at == START + timedelta(seconds=4)
    assert [alert.rule for alert in begun.alerts] == [HAPPY_RULE, BLIND_RULE]
    assert [gap.reason for gap in begun.gaps] == ["refused"]


@pytest.mark.parametrize("width", [80, 120])
def test_screens_fit_and_show_what_matters(report: DemoReport, width: int) -> None:
    view = FleetView(["lounge", "entrance"])
    view.observe(state(1, CameraState.LIVE))
    view.observe(interval(2, *(vote(index) for index in range(1, 6))))
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(draw_live(view, [(BLIND_RULE, "entrance")], "12 s of 30 s"))
    live = captured.get()
    with console.capture() as captured:
        console.print(draw_report(report))
    plain = live + captured.get()
    assert f" {BLIND_RULE}" in live
    assert "…" not in plain
    assert all(len(line) <= width for line in plain.splitlines())
    for expected in ("happy", "88%", "and 2 more", BLIND_RULE, "refused", "2░░░·", "in SQL"):
        assert expected in plain


def test_plain_line_holds_the_same(report: DemoReport) -> None:
    view = FleetView(["lounge"])
    assert line_of(view, [], "starting") == "starting"
    view.observe(interval(1, vote()))
    view.observe(state(2, CameraState.OFFLINE, Reason.REFUSED))
    assert line_of(view, [(BLIND_RULE, "lounge")], "9 s") == (
        "9 s | lounge offline (refused) 0.0/0.0 fps, 0 drops, 0 faces | firing: camera-blind lounge"
    )


@pytest.mark.parametrize("name", CLIPS)
def test_packaged_clips_can_be_served(name: str) -> None:
    clip = load_clip(CLIPS[name])
    assert (clip.width, clip.height, clip.fps) == (640, 360, 15)
    assert CLIPS[name].stat().st_size < 400_000
    assert 20 <= clip.duration / 90_000 <= 25
