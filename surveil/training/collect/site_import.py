"""Make a dataset of a site's own photographs and videos, as production would see the faces."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.classify.crop import FACE_MARGIN, crop_face
from surveil.classify.preprocess import to_frame
from surveil.detect import Detector
from surveil.errors import ConfigError, SurveilError
from surveil.replacing import is_unfinished, replacing, write_whole
from surveil.training.collect.files import FILES, check_same_files, fingerprint, write_files
from surveil.training.collect.labelling import Label, Labels, label_at
from surveil.training.collect.near_duplicates import THUMBNAIL_PX, Known, perceptual_hash
from surveil.training.collect.units import Member, splits_of
from surveil.training.data.custom import SplitRule, largest, shrunk, side_px
from surveil.training.data.dataset_folder import FACES, MANIFEST, SET_ASIDE, write_face
from surveil.training.data.face_finder import face_detector
from surveil.training.data.manifest import Entry, read_manifest, text_of
from surveil.training.data.pictures import Picture, find_files, is_video, read_pictures
from surveil.training.data.tree import shown
from surveil.training.errors import DataError
from surveil.training.faces import Split

MIN_SHARPNESS = 60.0
"""Variance of the Laplacian of the grey 48 px frame below which a face is set aside as blurred.

Measured: 5 of 31,880 faces of FER2013, 6 of 2,112 of muxspace and none of 160 London portraits are
below. Of FER2013's faces blurred with a Gaussian of 1.25, 1.5 and 2 px (of 48), 30%, 70% and 99%
are; of those shrunk to 16 and 12 px and enlarged again 20% and 80%.
"""

LONGEST_PX = 1920
"""Pictures are shrunk to this before faces are sought; a camera's 1080p is left as it is."""


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """How faces are cut, chosen and split.

    Attributes:
        name: The dataset's name, a face's ``source`` in the manifest.
        rule: Percent of the people for test and validation.
        frame_px: Side of the faces written.
        channels: 1 for grey, 3 for RGB.
        min_face_px: Least longer side of a face's box, in pixels of the picture.
        min_sharpness: See :data:`MIN_SHARPNESS`; 0 takes all.
        sample_fps: Pictures of a video looked at per second.
        replace: Whether a folder may lose most of its faces, their files being gone.
    """

    name: str
    rule: SplitRule
    frame_px: int = 48
    channels: int = 1
    min_face_px: int = 24
    min_sharpness: float = MIN_SHARPNESS
    sample_fps: float = 1.0
    replace: bool = False


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import came to: the manifest's entries, and what was left out by reason."""

    entries: list[Entry]
    set_aside: Counter[str]

    @property
    def splits(self) -> dict[str, int]:
        """Faces of each split."""
        counts = Counter(entry.split for entry in self.entries)
        return {split.value: counts[split] for split in Split}

    @property
    def people(self) -> int:
        """How many people have a name."""
        return len({entry.person for entry in self.entries if entry.person})

    def notes(self, rule: SplitRule) -> list[str]:
        """Return a sentence for each split that was asked for and has no face."""
        percents = {
            Split.TRAIN: 100 - rule.test_percent - rule.validation_percent,
            Split.VALIDATION: rule.validation_percent,
            Split.TEST: rule.test_percent,
        }
        return [
            f"no face fell into the {split.value} split: too few people to draw {percent}% of. "
            "Give more people or other percentages."
            for split, percent in percents.items()
            if percent and not self.splits[split.value]
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {
            "faces": len(self.entries),
            "people": self.people,
            "splits": {split: count for split, count in self.splits.items() if count},
            "classes": dict(Counter(entry.emotion.value for entry in self.entries)),
            "set_aside": dict(self.set_aside),
        }


class Aside(Protocol):
    """Takes a picture that is left out: its name, the reason, and what it is about."""

    def __call__(self, name: str, reason: str, detail: str = "") -> None: ...


@dataclass(slots=True)
class _Kept:
    """What is known of the faces kept so far; no pixels but the thumbnails in ``known``."""

    members: list[Member] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    sides_px: list[float] = field(default_factory=list)
    known: Known = field(default_factory=Known)
    by_digest: dict[str, int] = field(default_factory=dict)
    links: list[tuple[int, int]] = field(default_factory=list)
    conflicting: set[int] = field(default_factory=set)


def import_detector(settings: ImportSettings, threads: int | None = None) -> Detector:
    """Return what finds the faces of an import, on so many CPU threads.

    Faces a little smaller than asked for are found, so that they are said to be too small.
    """
    smallest_px = max(12, round(0.8 * settings.min_face_px))
    return face_detector(min_face_px=min(smallest_px, 40), threads=threads)


def import_site(
    source: Path,
    out: Path,
    labels: Callable[[Sequence[str]], Labels],
    settings: ImportSettings,
    detector: Callable[[], Detector],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Write the largest face of every picture into a dataset folder.

    Pictures are read one by one. The manifest is written last and whole: until then the folder is
    what it was. The same source and settings give the same bytes again.

    Left out, with the reason in ``set_aside.csv``: files of other kinds, those without a label,
    unreadable ones, pictures without a face, faces that are too small or blurred, exact duplicates,
    near duplicates with the same label, and exact duplicates whose labels differ, both of them.
    Near duplicates with different labels stay, in one split.

    Args:
        source: Folder of photographs and videos.
        out: The dataset's folder; made if need be.
        labels: Gives the labels of the files found.
        settings: See there.
        detector: Makes what finds the faces, as in production, once all else is known to be right.
        progress: Called with the files done and their total.

    Raises:
        ConfigError: ``out`` holds other things, is within the source, would lose most of its faces,
            or was made of other files of the same names.
        DataError: The source holds no picture, labels are wrong, or no face is left.
    """
    tree = find_files(source)
    names = [shown(file.relative_to(source)) for file in tree.files]
    labelled = labels(names)
    if not settings.replace:
        _check_replaced(source, out, set(names))
    _prepare(source, out)
    prints = {name: fingerprint(file) for name, file in zip(names, tree.files, strict=True)}
    if not settings.replace:
        check_same_files(out, prints)
    finder = detector()
    kept = _Kept()
    reasons: Counter[str] = Counter()
    with _set_aside(out / SET_ASIDE, reasons) as aside:
        for path, kind in tree.passed_over:
            aside(shown(path.relative_to(source)), f"passed over: {kind}")
        for index, (file, name) in enumerate(zip(tree.files, names, strict=True)):
            progress(index, len(names))
            _take_file(file, name, labelled.get(name), out, settings, finder, kept, aside)
        progress(len(names), len(names))
        for index in sorted(kept.conflicting):
            aside(kept.names[index], "conflicting labels", kept.labels[index].emotion.value)
    entries = _entries(kept, settings)
    if not entries:
        raise DataError(
            f"{source}: no face is left of {len(names)} files ({_listed(reasons)}); "
            f"see {out / SET_ASIDE}"
        )
    _put_in_place(out, entries, prints)
    return ImportReport(entries, reasons)


def _put_in_place(out: Path, entries: Sequence[Entry], prints: Mapping[str, str]) -> None:
    write_whole(out / MANIFEST, text_of(entries).encode())
    write_files(out, prints)
    _remove_unlisted(out, {entry.sha256 for entry in entries})


def _take_file(
    file: Path,
    name: str,
    labels: Sequence[Label] | None,
    out: Path,
    settings: ImportSettings,
    finder: Detector,
    kept: _Kept,
    aside: Aside,
) -> None:
    """Take the faces of one file; whatever is wrong with it, the others are taken."""
    if not labels:
        aside(name, "no label" if labels is None else "class left out")
        return
    try:
        for picture in read_pictures(file, name, settings.sample_fps):
            label = label_at(labels, picture.at_s)
            if label is not None:
                unit = name if is_video(file) else ""
                _take(picture, label, unit, out, settings, finder, kept, aside)
    # A picture may be of any shape that a decoder, the detector or a crop does not take.
    except (SurveilError, cv2.error, ValueError, ArithmeticError) as error:
        aside(name, "unreadable", " ".join(str(error).split()))


def sharpness(thumbnail: NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian of a grey frame (Pech-Pacheco et al. 2000)."""
    return float(cv2.Laplacian(thumbnail, cv2.CV_64F).var())


def _take(
    picture: Picture,
    label: Label,
    video: str,
    out: Path,
    settings: ImportSettings,
    detector: Detector,
    kept: _Kept,
    aside: Aside,
) -> None:
    name = picture.name
    rgb = shrunk(picture.rgb, LONGEST_PX)
    faces = detector.detect([rgb])[0]
    if not faces:
        aside(name, "no face")
        return
    box = largest(faces).box
    side = side_px(box, rgb, picture.rgb)
    if side < settings.min_face_px:
        aside(name, "too small", f"{side:.0f} px, at least {settings.min_face_px}")
        return
    crop = crop_face(rgb, box, margin=FACE_MARGIN)
    thumbnail = to_frame(crop, THUMBNAIL_PX)
    sharp = sharpness(thumbnail)
    if sharp < settings.min_sharpness:
        aside(name, "blurred", f"sharpness {sharp:.0f}, at least {settings.min_sharpness:g}")
        return
    frame = to_frame(crop, settings.frame_px, settings.channels)
    digest = hashlib.sha256(frame.tobytes()).hexdigest()
    first = kept.by_digest.get(digest)
    if first is not None:
        if kept.labels[first].emotion is label.emotion:
            aside(name, "exact duplicate", f"of {kept.names[first]} or of a copy")
        else:
            kept.conflicting.add(first)
            detail = f"{label.emotion.value}; {kept.names[first]} or a copy has the same pixels"
            aside(name, "conflicting labels", detail)
        return
    code = perceptual_hash(thumbnail)
    copies = kept.known.copies_of(thumbnail, code)
    # What is a copy of two joins them too, whether it is kept or not.
    kept.links += [(copies[0], other) for other in copies[1:]]
    same = [other for other in copies if kept.labels[other].emotion is label.emotion]
    if same:
        kept.by_digest[digest] = same[0]
        aside(name, "near duplicate", f"of {kept.names[same[0]]}")
        return
    write_face(out, frame)
    index = kept.known.add(thumbnail, code)
    kept.by_digest[digest] = index
    kept.members.append(Member(digest, label.person, video))
    kept.names.append(name)
    kept.labels.append(label)
    kept.sides_px.append(side)
    if copies:
        kept.links.append((copies[0], index))


def _entries(kept: _Kept, settings: ImportSettings) -> list[Entry]:
    splits = splits_of(kept.members, kept.links, settings.rule)
    return [
        Entry(
            member.sha256,
            settings.name,
            name,
            label.person,
            split,
            label.emotion,
            label.group,
            side,
        )
        for index, (member, name, label, side, split) in enumerate(
            zip(kept.members, kept.names, kept.labels, kept.sides_px, splits, strict=True)
        )
        if index not in kept.conflicting
    ]


@contextmanager
def _set_aside(path: Path, reasons: Counter[str]) -> Iterator[Aside]:
    """Write what is left out as it comes; the file is there once all of it is."""
    with replacing(path) as fresh, fresh.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("name", "reason", "detail"))

        def aside(name: str, reason: str, detail: str = "") -> None:
            reasons[reason] += 1
            table.writerow((name, reason, detail))

        yield aside


def _check_replaced(source: Path, out: Path, names: set[str]) -> None:
    if not (out / MANIFEST).is_file():
        return
    entries = read_manifest(out / MANIFEST)
    gone = [e for e in entries if not {e.name, e.name.rpartition("#")[0]} & names]
    if 2 * len(gone) > len(entries):
        raise ConfigError(
            f"{out}: {len(gone)} of its {len(entries)} faces are of files that {source} does not "
            "hold, and would be removed; give another --out, or --replace"
        )


def _prepare(source: Path, out: Path) -> None:
    if out.resolve().is_relative_to(source.resolve()):
        raise ConfigError(f"{out} is within {source}: its faces would be imported again")
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is not a folder")
    ours = {MANIFEST, FACES, SET_ASIDE, FILES}
    others = (
        sorted(f.name for f in out.iterdir() if f.name not in ours and not is_unfinished(f))
        if out.is_dir()
        else []
    )
    if others:
        raise ConfigError(f"{out} holds other things ({others[0]}); give a new folder")
    (out / FACES).mkdir(parents=True, exist_ok=True)


def _remove_unlisted(out: Path, listed: set[str]) -> None:
    """Remove the faces of an earlier import, and of this one those whose labels conflict."""
    for file in (out / FACES).iterdir():
        if is_unfinished(file) or (file.suffix == ".png" and file.stem not in listed):
            file.unlink()


def _listed(reasons: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
