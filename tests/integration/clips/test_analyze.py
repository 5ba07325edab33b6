"""``surveil analyze`` on clips made here; the networks are stand-ins but for the last test."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner
from kit.detectors import ByDetecting
from kit.models import write_small_model
from numpy.typing import NDArray

from surveil.cli.main import cli
from surveil.clips.analyze import ClipTimeline, analyze_clip
from surveil.clips.annotate import fit, scale_of, write_annotated
from surveil.clips.export import write_timelines
from surveil.domain import Box, Detection, Emotion
from surveil.errors import ConfigError
from surveil.intervals.smoothing import ScoreSmoother
from surveil.policy import INDIVIDUAL, Policy
from surveil.sources.failure import SourceError
from surveil.track import Tracker
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.pipeline import Pipeline

REPOSITORY = Path(__file__).resolve().parents[3]


class BrightFace(ByDetecting):
    """Finds one face where a picture is bright: its bounding box."""

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        found = []
        for frame in frames:
            rows, columns = np.nonzero(frame[:, :, 0] > 128)
            faces = []
            if len(rows) > 20:
                box = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                faces = [Detection(box, 0.99, np.zeros((5, 2), np.float32))]
            found.append(faces)
        return found


class AlwaysHappy:
    name = "happy@1"

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        scores = np.full((len(crops), 7), 0.05, np.float32)
        scores[:, 3] = 0.7
        return scores


def pipeline_for(*clips: Path) -> Pipeline:
    return Pipeline(
        {str(clip): BrightFace() for clip in clips},
        AlwaysHappy(),
        make_tracker=lambda camera, first_id: Tracker(first_id=first_id),
        make_smoother=lambda: ScoreSmoother(tau_s=0.3, hysteresis=0.2),
        telemetry=LocalTelemetry(),
    )


def write_clip(
    path: Path,
    *,
    seconds: float = 3.0,
    fps: int = 25,
    size: tuple[int, int] = (96, 72),
    face_until_s: float = 2.0,
    codec: str = "libx264",
) -> Path:
    """Write a dark clip with a bright square that moves to the right, and is gone at the end."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for n in range(round(seconds * fps)):
            image = np.zeros((height, width, 3), np.uint8)
            if n / fps < face_until_s:
                image[20:40, 10 + n // 2 : 30 + n // 2] = 230
            frame = av.VideoFrame.from_ndarray(image)
            frame.pts, frame.time_base = n, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_bright_frames(path: Path, *at_s: float) -> Path:
    """Write a clip with a picture of a bright square at each of some times."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 72, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        image = np.zeros((72, 96, 3), np.uint8)
        image[20:40, 30:50] = 230
        for time_s in at_s:
            frame = av.VideoFrame.from_ndarray(image)
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def analyse(
    clip: Path,
    *,
    sample_fps: float = 5.0,
    keep_moments: bool = False,
    policy: Policy = INDIVIDUAL,
) -> ClipTimeline:
    return analyze_clip(
        clip,
        pipeline_for(clip),
        sample_fps=sample_fps,
        interval_s=1.0,
        hysteresis=0.2,
        policy=policy,
        keep_moments=keep_moments,
    )


def test_intervals_cover_the_clip_and_tell_who_was_there(tmp_path: Path) -> None:
    told: list[float] = []
    clip = write_clip(tmp_path / "clip.mp4")
    timeline = analyze_clip(
        clip,
        pipeline_for(clip),
        sample_fps=5,
        interval_s=1,
        hysteresis=0.2,
        policy=INDIVIDUAL,
        on_progress=told.append,
    )
    assert [len(event.tracks) for event in timeline.events] == [1, 1, 0]
    assert [event.frames.sampled for event in timeline.events] == [5, 5, 5]
    assert {v.emotion for e in timeline.events for v in e.tracks} == {Emotion.HAPPY}
    assert timeline.length_s == pytest.approx(3.0, abs=0.05)
    assert not timeline.is_cut_short
    assert told == sorted(told)
    assert told[-1] == pytest.approx(2.8, abs=0.05)


def test_every_analysed_frame_is_in_a_row_however_long_the_silence_between(
    tmp_path: Path,
) -> None:
    timeline = analyse(write_bright_frames(tmp_path / "hours.mkv", 0, 3600, 7200))
    assert [(e.frames.sampled, e.frames.analysed) for e in timeline.events] == [(1, 1)] * 3
    assert timeline.frames == 3
    write_timelines(tmp_path / "hours.csv", [timeline])
    with (tmp_path / "hours.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["from_s"], row["analysed"]) for row in rows] == [
        ("0.0", "1"),
        ("3600.0", "1"),
        ("7200.0", "1"),
    ]


def test_what_was_seen_before_a_pause_of_ten_minutes_is_kept(tmp_path: Path) -> None:
    before = [n / 5 for n in range(10)]
    after = [602 + n / 5 for n in range(10)]
    timeline = analyse(write_bright_frames(tmp_path / "pause.mkv", *before, *after))
    assert [len(event.tracks) for event in timeline.events] == [1, 1, 1, 1]
    assert sum(event.frames.analysed for event in timeline.events) == 20


def test_face_of_a_clip_of_one_picture_is_told(tmp_path: Path) -> None:
    timeline = analyse(write_bright_frames(tmp_path / "one.mp4", 0), keep_moments=True)
    ((vote,),) = [event.tracks for event in timeline.events]
    assert (vote.track_id, vote.frames, vote.emotion) == (1, 1, Emotion.HAPPY)
    assert [len(moment.faces) for moment in timeline.moments] == [1]


@pytest.mark.parametrize("count", [7, 8, 9, 16, 17])
def test_batches_lose_no_frame(tmp_path: Path, count: int) -> None:
    times = [n / 5 for n in range(count)]
    timeline = analyse(write_bright_frames(tmp_path / "clip.mp4", *times), keep_moments=True)
    assert [moment.time_s for moment in timeline.moments] == pytest.approx(times, abs=0.01)


def test_policy_holds_for_files_too(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1.0)
    timeline = analyse(clip, keep_moments=True, policy=Policy(keeps_tracks=False))
    assert sum(event.frames.analysed for event in timeline.events) == 5
    assert all(event.tracks == () for event in timeline.events)
    assert all(moment.faces == () for moment in timeline.moments)


def test_truncated_clip_keeps_what_is_there_and_says_so(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", seconds=12, face_until_s=12)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    timeline = analyse(clip)
    assert timeline.is_cut_short
    assert 1 < timeline.length_s < 11
    assert timeline.events


def test_csv_parquet_and_json_hold_the_same(tmp_path: Path) -> None:
    timeline = analyse(write_clip(tmp_path / "clip.mp4"))
    paths = [tmp_path / f"out{ending}" for ending in (".csv", ".parquet", ".json")]
    assert {write_timelines(path, [timeline]) for path in paths} == {3}
    with paths[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(paths[1]).to_pylist()
    [clip] = json.loads(paths[2].read_text())["clips"]
    assert [row["emotion"] for row in rows] == ["happy", "happy", ""]
    assert [row["emotion"] for row in table] == ["happy", "happy", None]
    assert [len(interval["tracks"]) for interval in clip["intervals"]] == [1, 1, 0]
    assert (
        float(rows[0]["happy"]) == table[0]["happy"] == clip["intervals"][0]["tracks"][0]["happy"]
    )
    assert [row["from_s"] for row in table] == [0.0, 1.0, 2.0]
    assert not list(tmp_path.glob(".*"))


def test_a_clip_whose_name_is_no_text_is_written_about(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.4).rename(tmp_path / "caf\udce9.mp4")
    timeline = analyse(clip)
    outputs = [tmp_path / f"\udce9{ending}" for ending in (".csv", ".parquet", ".json")]
    for path in outputs:
        assert write_timelines(path, [timeline]) == 1
    name = str(tmp_path / r"caf\udce9.mp4")
    with outputs[0].open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["clip"] == name
    assert pq.read_table(pa.BufferReader(outputs[1].read_bytes())).to_pylist()[0]["clip"] == name
    assert json.loads(outputs[2].read_text(encoding="utf-8"))["clips"][0]["clip"] == name


def test_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    timeline = analyse(write_clip(tmp_path / "clip.mp4", seconds=0.4))
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(ConfigError, match=r"taken\.csv"):
        write_timelines(tmp_path / "taken.csv", [timeline])


@pytest.mark.parametrize("size", [(96, 72), (500, 375)])
def test_annotated_video_has_every_picture_in_its_time(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    clip = write_clip(tmp_path / "clip.mkv", seconds=1, size=size, codec="ffv1")
    timeline = analyse(clip, keep_moments=True)
    target = tmp_path / "annotated.mp4"
    assert write_annotated(timeline, target) == 25
    with av.open(str(target)) as container:
        pictures = [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    assert [round(time_s, 3) for time_s, _ in pictures] == [n / 25 for n in range(25)]
    height, width = pictures[0][1].shape[:2]
    assert min(height, width) >= 360
    assert width / height == pytest.approx(size[0] / size[1], abs=0.01)
    yellow = (pictures[12][1].astype(int) @ np.array([1, 1, -2])) > 150
    assert yellow.any()  # the box of a happy face


def test_box_follows_the_face_between_analysed_frames(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1)
    timeline = analyse(clip, keep_moments=True)
    from surveil.clips.annotate import Trail

    trail = Trail(timeline.moments)
    lefts = [faces[0].box.x1 for n in range(10, 20) if (faces := trail.at(n / 25))]
    assert len(lefts) == 10
    assert lefts == sorted(lefts)
    assert len(set(lefts)) >= 8


@pytest.mark.parametrize(
    ("size", "scale"), [((96, 72), 5.0), ((1920, 1080), 1.0), ((8, 8), 45.0), ((1800, 40), 1.07)]
)
def test_small_clips_are_enlarged_until_they_can_be_read(
    size: tuple[int, int], scale: float
) -> None:
    assert scale_of(size) == pytest.approx(scale, abs=0.01)


def test_picture_of_another_shape_is_fitted_without_stretching() -> None:
    image, (scale, left, top) = fit(np.full((100, 100, 3), 200, np.uint8), 400, 200)
    assert image.shape == (200, 400, 3)
    assert (scale, left, top) == (2.0, 100.0, 0.0)
    assert image[:, :99].max() == 0
    assert image[:, 101:299].min() > 190


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError):
        analyse(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with random weights."""
    torch.set_num_threads(1)
    return write_small_model(tmp_path_factory.mktemp("model") / "emotion-test")


def invoke(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["analyze", *map(str, words)])
    error = result.exception
    code = getattr(error, "exit_code", result.exit_code)
    return code, result.output + (str(error) if code not in (0, 1) else "")


@pytest.mark.parametrize(
    "words",
    [
        ["{tmp}/missing.mp4"],
        ["{tmp}"],
        ["{pipe}"],
        ["{clip}", "--out", "{tmp}/out.xlsx"],
        ["{clip}", "--out", "{tmp}/nowhere/out.csv"],
        ["{clip}", "--annotate", "{tmp}/out.webm"],
        ["{clip}", "--annotate", "{clip}"],
        ["{clip}", "{clip}"],
        ["{clip}", "{other}", "--annotate", "{tmp}/out.mp4"],
    ],
)
def test_wrong_arguments_are_told_before_anything_is_loaded(
    tmp_path: Path, words: list[str]
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.2)
    other = write_clip(tmp_path / "other.mp4", seconds=0.2)
    pipe = tmp_path / "pipe.ts"
    os.mkfifo(pipe)
    filled = [word.format(tmp=tmp_path, clip=clip, other=other, pipe=pipe) for word in words]
    code, output = invoke(*filled)
    assert code == 2
    assert str(tmp_path) in output


def test_missing_model_ends_with_its_own_code(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.2)
    code, output = invoke(clip, "--model", "no-such-model")
    assert code == 3
    assert "no-such-model" in output


def test_real_networks_on_the_demo_clip_and_a_broken_one(tmp_path: Path, model: Path) -> None:
    demo = REPOSITORY / "surveil" / "simulate" / "media" / "lounge.mp4"
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all" * 100)
    out = tmp_path / "out.csv"
    code, output = invoke(broken, demo, "--model", model, "--out", out, "--sample-fps", 2)
    assert code == 1
    assert "broken.mp4" in output
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert any(row["track_id"] for row in rows)
    assert {row["model"].split("@")[0] for row in rows} == {"emotion-test"}
