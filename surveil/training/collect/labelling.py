"""Who is seen on a site's pictures, and with which expression: by folders or by a table."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

from surveil.domain import Emotion
from surveil.errors import ConfigError
from surveil.training.data.class_names import ClassNames
from surveil.training.data.tables import open_table
from surveil.training.errors import DataError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Label:
    """What a photograph shows, or a video from ``start_s`` to before ``end_s``.

    ``person`` and ``group`` are empty where unknown.
    """

    emotion: Emotion
    person: str = ""
    group: str = ""
    start_s: float = 0.0
    end_s: float = float("inf")


Labels = Mapping[str, Sequence[Label]]
"""Labels by a file's path below the source; none of a file whose class is left out."""


@dataclass(frozen=True, slots=True)
class PersonFrom:
    """Where a person's name is taken from.

    Attributes:
        kind: ``nowhere``, ``folder``, ``column`` or ``regex``.
        pattern: Of ``regex``: searched in a file's path below the source; its first group is the
            name.
    """

    kind: str = "nowhere"
    pattern: re.Pattern[str] | None = None

    @classmethod
    def parse(cls, text: str | None) -> PersonFrom:
        """Read ``folder``, ``column`` or ``regex:PATTERN``; ``None`` is nowhere.

        Raises:
            ConfigError: It is none of them, or the pattern is wrong or has no group.
        """
        if text is None:
            return cls()
        if text in ("folder", "column"):
            return cls(text)
        kind, _, pattern = text.partition(":")
        if kind != "regex" or not pattern:
            raise ConfigError(
                f"--person-from {text!r} is none of folder, column and regex:PATTERN, "
                r"such as 'regex:^(\w+)_'"
            )
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"--person-from: {pattern!r} is no pattern: {error}") from error
        if not compiled.groups:
            raise ConfigError(f"--person-from: {pattern!r} has no (group) that is the name")
        return cls("regex", compiled)

    def name_in(self, file: str) -> str:
        """Return the person's name in a path by the pattern; empty without or if none matches."""
        match = self.pattern.search(file) if self.pattern else None
        return (match.group(1) or "") if match else ""


def labels_from(
    source: Path, table: Path | None, who: PersonFrom, names: ClassNames | None = None
) -> Callable[[Sequence[str]], Labels]:
    """Return what gives the labels of a source's files: a table if there is one, else folders."""

    def labels(files: Sequence[str]) -> Labels:
        if table is None:
            return labels_of_folders(source, files, who, names)
        return read_labels(table, source, files, who, names)

    return labels


def labels_of_folders(
    source: Path, files: Sequence[str], who: PersonFrom, names: ClassNames | None = None
) -> Labels:
    """Return labels by sub-folder: ``CLASS/...``.

    With persons from folders it is ``CLASS/PERSON/...`` or ``PERSON/CLASS/...``.

    Args:
        source: For messages.
        files: Paths below it, with ``/``.
        who: Where names of people come from.
        names: What else classes may be called, and which are left out.

    Raises:
        DataError: A folder is not named after an expression; known ones are listed.
        ConfigError: Persons are to come from a column, and there is no table.
    """
    if who.kind == "column":
        raise ConfigError("--person-from column needs --labels")
    names = names or ClassNames()
    found = sorted({PurePosixPath(file).parts[0] for file in files if "/" in file})
    if mapping := names.mapping(found):
        log.warning("%s: %s", source, mapping)
    labels: dict[str, list[Label]] = {}
    for file in files:
        folders = PurePosixPath(file).parts[:-1]
        if not folders:
            raise DataError(
                f"{source / file}: it is in no folder named after an expression; sort the pictures "
                "into such folders or give --labels"
            )
        if who.kind == "folder":
            labels[file] = _by_two_folders(source, file, folders, names)
        elif names.leaves_out(folders[0]):
            labels[file] = []
        else:
            emotion = names.emotion_of(folders[0], source / folders[0], found)
            labels[file] = [Label(emotion, who.name_in(file))]
    return labels


def read_labels(
    path: Path,
    source: Path,
    files: Sequence[str],
    who: PersonFrom,
    names: ClassNames | None = None,
) -> Labels:
    """Return labels from a table with the columns file and emotion.

    Further columns may be person, group, and start_s and end_s: several rows may then label parts
    of one video. Files that the table does not name have no label.

    Args:
        path: CSV; its files are relative to the source.
        source: For messages.
        files: All there are, as paths below the source.
        who: Where names of people come from; ``nowhere`` takes the column person if there is one.
        names: What else classes may be called, and which are left out.

    Raises:
        DataError: A column is missing, a row names no file of the source, its emotion is unknown,
            its times are no numbers, or a photograph has two labels; the line is named.
    """
    known, names = set(files), names or ClassNames()
    labels: dict[str, list[Label]] = {}
    words: set[str] = set()
    needed = ["file", "emotion", *(["person"] if who.kind == "column" else [])]
    hint = "labels have file, emotion and, if wanted, person, group, start_s, end_s"
    with open_table(path, needed, hint) as table:
        for line, row in table:
            place = f"{path}, line {line}"
            file = PurePosixPath(row["file"]).as_posix()
            if file not in known:
                raise DataError(f"{place}: {source / file} is no photograph or video there is")
            spans = labels.setdefault(file, [])
            words.add(row["emotion"])
            if not names.leaves_out(row["emotion"]):
                spans.append(_label(row, place, file, who, names))
    if mapping := names.mapping(words):
        log.warning("%s: %s", path, mapping)
    for file, spans in labels.items():
        spans.sort(key=lambda label: label.start_s)
        for first, second in pairwise(spans):
            if second.start_s < first.end_s:
                raise DataError(
                    f"{path}: {file} has two labels at {second.start_s:g} s "
                    f"({first.emotion.value} and {second.emotion.value}); give start_s and end_s"
                )
    return labels


def label_at(labels: Sequence[Label], at_s: float | None) -> Label | None:
    """Return the label at a time of a video (a photograph's at ``None``), if there is one."""
    for label in labels:
        if at_s is None or label.start_s <= at_s < label.end_s:
            return label
    return None


def _by_two_folders(
    source: Path, file: str, folders: tuple[str, ...], names: ClassNames
) -> list[Label]:
    if len(folders) < 2:
        raise DataError(
            f"{source / file}: --person-from folder needs CLASS/PERSON/ or PERSON/CLASS/"
        )
    first, second = folders[:2]
    for name, person in ((first, second), (second, first)):
        if names.leaves_out(name):
            return []
        emotion = names.known(name)
        if emotion is not None:
            return [Label(emotion, person)]
    return [Label(names.emotion_of(first, source / first / second, folders[:2]), second)]


def _label(
    row: Mapping[str, str], place: str, file: str, who: PersonFrom, names: ClassNames
) -> Label:
    emotion = names.emotion_of(row["emotion"], place)
    person = row.get("person", "")
    if who.kind == "regex":
        person = who.name_in(file)
    elif who.kind == "folder":
        person = PurePosixPath(file).parts[0] if "/" in file else ""
    start_s = _seconds(row.get("start_s"), 0.0, place)
    end_s = _seconds(row.get("end_s"), float("inf"), place)
    if not 0 <= start_s < end_s:
        raise DataError(f"{place}: start_s {start_s:g} is not before end_s {end_s:g}")
    return Label(emotion, person, row.get("group", ""), start_s, end_s)


def _seconds(text: str | None, default: float, place: str) -> float:
    if not text:
        return default
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{place}: {text!r} is no time in seconds") from error
