"""A site's photographs and videos become a dataset: the same one each time."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from kit.detectors import ByDetecting
from numpy.typing import NDArray

from surveil.classify import crop_face, to_frame
from surveil.domain import Box, Detection
from surveil.errors import ConfigError
from surveil.training.collect.labelling import (
    Labels,
    PersonFrom,
    labels_from,
    labels_of_folders,
    read_labels,
)
from surveil.training.collect.site_import import ImportReport, ImportSettings, import_site
from surveil.training.data.custom import SplitRule
from surveil.training.data.dataset_folder import read_folder_dataset
from surveil.training.errors import DataError

SETTINGS = ImportSettings("site", SplitRule(test_percent=40, validation_percent=20))
SIDE = 100
FACE = Box(10, 10, 90, 90)


class WholeFaces(ByDetecting):
    """Finds one face over most of a picture that is not black, and a small one beside it."""

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        points = np.zeros((5, 2), np.float32)
        found = []
        for frame in frames:
            share = frame.shape[0] / SIDE
            boxes = [FACE.xyxy, (0, 0, 5, 5)]
            faces = [Box(*(share * value for value in box)) for box in boxes]
            found.append([Detection(b, 0.99, points) for b in faces] if frame.max() > 20 else [])
        return found


def face(seed: int, px: int = SIDE) -> NDArray[np.uint8]:
    """Return a picture that is as coarse as a face but sharp, in colour."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (px, px), interpolation=cv2.INTER_NEAREST), np.uint8)


def put(root: Path, name: str, picture: NDArray[np.uint8], quality: int | None = None) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    options = [] if quality is None else [cv2.IMWRITE_JPEG_QUALITY, quality]
    assert cv2.imwrite(str(path), picture[:, :, ::-1], options)


def run(
    source: Path, out: Path, settings: ImportSettings = SETTINGS, person: str = "folder"
) -> ImportReport:
    def labels(files: Sequence[str]) -> Labels:
        return labels_of_folders(source, files, PersonFrom(person))

    return import_site(source, out, labels, settings, WholeFaces)


def aside(out: Path) -> dict[str, tuple[str, str]]:
    with (out / "set_aside.csv").open(newline="") as file:
        return {row["name"]: (row["reason"], row["detail"]) for row in csv.DictReader(file)}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    for n in range(12):
        put(root, f"happy/p{n}/a.png", face(n))
        put(root, f"sad/p{n}/b.png", face(100 + n))
    return root


def test_faces_are_cut_as_production_cuts_them(site: Path, tmp_path: Path) -> None:
    settings = ImportSettings("site", SETTINGS.rule, frame_px=64, channels=3)
    report = run(site, tmp_path / "out", settings)
    faces = read_folder_dataset(tmp_path / "out")
    assert len(faces) == len(report.entries) == 24
    index = faces.names.tolist().index("happy/p3/a.png")
    expected = to_frame(crop_face(face(3), FACE), 64, 3)
    np.testing.assert_array_equal(faces.frames[index], expected)
    assert (faces.people[index], faces.labels[index]) == ("p3", 3)
    assert (faces.sides_px == 80).all()


def test_nobody_is_in_two_splits_and_every_split_is_drawn(site: Path, tmp_path: Path) -> None:
    report = run(site, tmp_path / "out")
    splits = {entry.person: entry.split for entry in report.entries}
    assert len(set(splits.values())) == 3
    for entry in report.entries:
        assert entry.split is splits[entry.person] is SETTINGS.rule.split_of(entry.person)


def test_what_cannot_be_used_is_set_aside_with_the_reason(site: Path, tmp_path: Path) -> None:
    put(site, "happy/p0/b.jpg", face(0), quality=60)  # a copy of a.png
    shutil.copy(site / "happy/p1/a.png", site / "happy/p1/b.png")
    put(site, "happy/q/black.png", np.zeros((SIDE, SIDE, 3), np.uint8))
    put(site, "happy/q/blurred.png", cv2.GaussianBlur(face(50), (0, 0), 20).astype(np.uint8))
    put(site, "happy/q/small.png", face(51, px=25))
    (site / "happy/q/broken.jpg").write_bytes(b"no picture")
    (site / "happy/q/notes.txt").write_text("is passed over")
    report = run(site, tmp_path / "out")
    assert len(report.entries) == 24
    left = aside(tmp_path / "out")
    assert left["happy/p0/b.jpg"] == ("near duplicate", "of happy/p0/a.png")
    assert left["happy/p1/b.png"][0] == "exact duplicate"
    assert left["happy/q/black.png"] == ("no face", "")
    assert left["happy/q/blurred.png"][0] == "blurred"
    assert left["happy/q/small.png"] == ("too small", "20 px, at least 24")
    assert left["happy/q/broken.jpg"][0] == "unreadable"
    assert "broken.jpg" in left["happy/q/broken.jpg"][1]
    assert left["happy/q/notes.txt"] == ("passed over: .txt", "")
    assert report.set_aside.total() == len(left) == 7


class NoStrips(WholeFaces):
    """A detector that breaks on what is no sensible picture."""

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        if min(frames[0].shape[:2]) < 12:
            raise ValueError("too flat")
        return super().detect(frames)


def test_no_item_ends_the_import(site: Path, tmp_path: Path) -> None:
    put(site, "happy/q/wide.png", face(60, px=5000)[:1])
    put(site, "happy/q/high.png", face(60, px=5000)[:, :1])
    (site / "happy/q/empty.jpg").touch()
    (site / "happy/q/empty.mp4").touch()
    for name in ("a.heic", "._b.png", "c.gif"):
        (site / "happy/q" / name).write_bytes(b"x")
    (site / "happy/q/gone.jpg").symlink_to(site / "nowhere.jpg")
    put(site, "__MACOSX/happy/d.png", face(61))
    report = import_site(
        site, tmp_path / "out", labels_from(site, None, PersonFrom("folder")), SETTINGS, NoStrips
    )
    assert len(report.entries) == 24
    reasons = {name: reason for name, (reason, _) in aside(tmp_path / "out").items()}
    unreadable = ("wide.png", "high.png", "empty.jpg", "empty.mp4")
    kinds = {
        "a.heic": ".heic", "._b.png": "hidden", "c.gif": ".gif", "gone.jpg": "dangling link",
    }  # fmt: skip
    assert reasons == {
        **{f"happy/q/{name}": "unreadable" for name in unreadable},
        **{f"happy/q/{name}": f"passed over: {kind}" for name, kind in kinds.items()},
        "__MACOSX": "passed over: __MACOSX",
    }
    assert report.set_aside["unreadable"] == 4


def test_names_that_are_no_utf_8_are_imported(site: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xe9t\xe9.png")
    (site / "happy/p0/a.png").rename(site / "happy/p0" / name)
    report = run(site, tmp_path / "out")
    assert r"happy/p0/\xe9t\xe9.png" in {entry.name for entry in report.entries}
    assert len(read_folder_dataset(tmp_path / "out")) == 24


def test_files_of_the_same_names_do_not_take_a_dataset_s_place(site: Path, tmp_path: Path) -> None:
    """Two cameras number their pictures alike."""
    out, other = tmp_path / "out", tmp_path / "other"
    run(site, out)
    shutil.copytree(site, other)
    for seed, file in enumerate(sorted(other.rglob("*.png"))):
        put(other, str(file.relative_to(other)), face(300 + seed))
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    with pytest.raises(ConfigError, match=r"other files of the same names \(24 of 24 differ"):
        run(other, out)
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before
    assert len(run(other, out, replace(SETTINGS, replace=True)).entries) == 24
    # The same files cut otherwise are the same files.
    assert len(run(other, out, replace(SETTINGS, frame_px=64)).entries) == 24


def test_the_same_pixels_with_two_labels_are_both_set_aside(site: Path, tmp_path: Path) -> None:
    shutil.copy(site / "happy/p0/a.png", site / "sad/p0/c.png")
    report = run(site, tmp_path / "out")
    reasons = {name: reason for name, (reason, _) in aside(tmp_path / "out").items()}
    assert reasons == {
        "happy/p0/a.png": "conflicting labels",
        "sad/p0/c.png": "conflicting labels",
    }
    kept = {entry.sha256 for entry in report.entries}
    assert {file.stem for file in (tmp_path / "out/faces").iterdir()} == kept


def test_copies_with_other_labels_stay_in_one_split(tmp_path: Path) -> None:
    root = tmp_path / "site"
    for n in range(20):
        put(root, f"happy/{n}.png", face(n))
        put(root, f"sad/{n}.jpg", face(n), quality=70)
    report = run(root, tmp_path / "out", person="nowhere")
    splits = {entry.name: entry.split for entry in report.entries}
    assert len(splits) == 40
    assert len(set(splits.values())) == 3
    for n in range(20):
        assert splits[f"happy/{n}.png"] is splits[f"sad/{n}.jpg"]


def test_again_gives_the_same_bytes(site: Path, tmp_path: Path) -> None:
    run(site, tmp_path / "out")
    first = {f: f.read_bytes() for f in (tmp_path / "out").rglob("*") if f.is_file()}
    run(site, tmp_path / "out")
    run(site, tmp_path / "other")
    assert {f: f.read_bytes() for f in (tmp_path / "out").rglob("*") if f.is_file()} == first
    other = (tmp_path / "other/manifest.csv").read_bytes()
    assert other == first[tmp_path / "out/manifest.csv"]


def test_what_was_removed_from_the_source_leaves_the_dataset(site: Path, tmp_path: Path) -> None:
    run(site, tmp_path / "out")
    shutil.rmtree(site / "happy/p0")
    run(site, tmp_path / "out")
    assert len(list((tmp_path / "out/faces").iterdir())) == 23


def write_video(path: Path, pictures: list[NDArray[np.uint8]]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=4)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "bgr0"
        stream.time_base = Fraction(1, 4)
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_another_source_does_not_take_a_dataset_s_place(site: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    run(site, out)
    put(other, "happy/z/z.png", face(200))
    put(other, "happy/p0/a.png", face(201))
    before = sorted(path.name for path in out.rglob("*"))
    with pytest.raises(
        ConfigError, match=r"23 of its 24 faces are of files that .*other does not hold"
    ):
        run(other, out)
    assert sorted(path.name for path in out.rglob("*")) == before
    assert len(run(other, out, replace(SETTINGS, replace=True)).entries) == 2


def test_videos_are_sampled_and_labelled_by_their_parts(tmp_path: Path) -> None:
    root = tmp_path / "site"
    root.mkdir()
    write_video(root / "clip.mkv", [face(n) for n in range(12)])  # 3 s at 4 fps
    put(root, "photo.png", face(99))
    put(root, "unlabelled.png", face(98))
    (tmp_path / "labels.csv").write_text(
        "file,emotion,group,start_s,end_s\n"
        "photo.png,fear,hall,,\nclip.mkv,happy,door,0,1\nclip.mkv,sad,door,2,\n"
    )

    def labels(files: Sequence[str]) -> Labels:
        return read_labels(tmp_path / "labels.csv", root, files, PersonFrom())

    settings = ImportSettings("site", SETTINGS.rule, sample_fps=2)
    report = import_site(root, tmp_path / "out", labels, settings, WholeFaces)
    rows = [(entry.name, entry.emotion.value, entry.group) for entry in report.entries]
    assert rows == [
        ("clip.mkv#000000", "happy", "door"),
        ("clip.mkv#000001", "happy", "door"),
        ("clip.mkv#000004", "sad", "door"),
        ("clip.mkv#000005", "sad", "door"),
        ("photo.png", "fear", "hall"),
    ]
    # Nobody is named, so that the whole video is in one split.
    assert len({entry.split for entry in report.entries[:4]}) == 1
    assert aside(tmp_path / "out") == {"unlabelled.png": ("no label", "")}


def test_output_that_would_be_read_or_overwritten_is_refused(site: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="would be imported again"):
        run(site, site / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds other things \(thesis\.txt\)"):
        run(site, tmp_path / "full")


def test_nothing_to_import_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="site: no such folder"):
        run(tmp_path / "site", tmp_path / "out")
    (tmp_path / "site").mkdir()
    with pytest.raises(DataError, match="no photograph and no video"):
        run(tmp_path / "site", tmp_path / "out")
    put(tmp_path / "site", "happy/anna/a.png", np.zeros((SIDE, SIDE, 3), np.uint8))
    with pytest.raises(DataError, match=r"no face is left of 1 files \(1 no face\)"):
        run(tmp_path / "site", tmp_path / "out")
