"""Write the timelines of clips: CSV, Parquet or JSON, by the file's ending."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from surveil.clips.analyze import ZERO_AT, ClipTimeline
from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.plaintext import escape
from surveil.replacing import replacing

FORMATS = (".csv", ".parquet", ".json")
_TEXT, _COUNT, _NUMBER = "string", "int64", "float64"
COLUMNS = {
    "clip": _TEXT,
    "part": _COUNT,
    "from_s": _NUMBER,
    "to_s": _NUMBER,
    "sampled": _COUNT,
    "analysed": _COUNT,
    "faces": _COUNT,
    "track_id": _COUNT,
    "frames": _COUNT,
    "emotion": _TEXT,
    "confidence": _NUMBER,
    **{emotion.value: _NUMBER for emotion in EMOTIONS},
    "x1": _NUMBER,
    "y1": _NUMBER,
    "x2": _NUMBER,
    "y2": _NUMBER,
    "score": _NUMBER,
    "face_px": _COUNT,
    "model": _TEXT,
}
"""One row per face and interval. An interval without faces has one row too, with ``faces`` 0 and
nothing from ``track_id`` to ``face_px``: "nobody there" is not "not analysed". Types are named
as Arrow does."""


def check_format(path: Path) -> None:
    """Refuse an ending that is none of ``FORMATS``, and a folder that does not exist.

    Raises:
        ConfigError: So it is.
        ModuleNotFoundError: Parquet needs pyarrow, which is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: the ending must be one of {', '.join(FORMATS)}")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.absolute().parent}")
    if path.suffix.lower() == ".parquet":
        importlib.import_module("pyarrow.parquet")  # said before the work, not after it


def write_timelines(path: Path, timelines: Sequence[ClipTimeline]) -> int:
    """Write all clips into one file, whole or not at all; returns the number of rows.

    Raises:
        ConfigError: The file cannot be written.
    """
    rows = [row for timeline in timelines for row in rows_of(timeline)]
    try:
        with replacing(path) as fresh:
            match path.suffix.lower():
                case ".csv":
                    with fresh.open("w", newline="", encoding="utf-8") as file:
                        writer = csv.DictWriter(file, COLUMNS)
                        writer.writeheader()
                        writer.writerows(rows)
                case ".parquet":
                    _write_parquet(fresh, rows)
                case _:
                    clips = [_to_json(timeline) for timeline in timelines]
                    text = json.dumps({"clips": clips}, indent=1) + "\n"
                    fresh.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    return len(rows)


def _write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa  # of the extra parquet
    from pyarrow import parquet

    table = pa.Table.from_pylist(rows, pa.schema(list(COLUMNS.items())))
    with path.open("wb") as binary:  # Arrow takes no name that is no UTF-8
        parquet.write_table(table, binary)


def rows_of(timeline: ClipTimeline) -> Iterator[dict[str, Any]]:
    """Yield the rows of a clip, without the columns that do not apply to them."""
    parts: dict[str, int] = {}
    for event in timeline.events:
        interval: dict[str, Any] = {
            "clip": escape(str(timeline.clip)),
            "part": parts.setdefault(event.run, len(parts) + 1),
            "from_s": (event.from_at - ZERO_AT).total_seconds(),
            "to_s": (event.to_at - ZERO_AT).total_seconds(),
            "sampled": event.frames.sampled,
            "analysed": event.frames.analysed,
            "faces": len(event.tracks),
            "model": event.model,
        }
        if not event.tracks:
            yield interval
        for vote in event.tracks:
            x1, y1, x2, y2 = vote.box.xyxy
            scores = zip((emotion.value for emotion in EMOTIONS), vote.scores, strict=True)
            yield (
                interval
                | dict(scores)
                | {
                    "track_id": vote.track_id,
                    "frames": vote.frames,
                    "emotion": vote.emotion.value,
                    "confidence": vote.confidence,
                    **{"x1": x1, "y1": y1, "x2": x2, "y2": y2},
                    "score": vote.score,
                    "face_px": vote.face_px,
                }
            )


def _to_json(timeline: ClipTimeline) -> dict[str, Any]:
    intervals: dict[tuple[int, float], dict[str, Any]] = {}
    shared = ("part", "from_s", "to_s", "sampled", "analysed")
    for row in rows_of(timeline):
        interval = intervals.setdefault(
            (row["part"], row["from_s"]), {key: row[key] for key in shared} | {"tracks": []}
        )
        if "track_id" in row:
            track = {
                key: value
                for key, value in row.items()
                if key not in (*shared, "clip", "faces", "model")
            }
            interval["tracks"].append(track)
    return {
        "clip": escape(str(timeline.clip)),
        "model": timeline.model,
        "size": timeline.size,
        "length_s": round(timeline.length_s, 3),
        "is_cut_short": timeline.is_cut_short,
        "intervals": list(intervals.values()),
    }
