"""What a video file shows, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from surveil.clips.analyze import ClipTimeline
from surveil.clips.batch import ClipBatch, analyze_clips
from surveil.clips.export import COLUMNS, check_format, rows_of, write_timelines
from surveil.clips.targets import check_clips
from surveil.config import CameraDefaults, Fleet
from surveil.errors import ConfigError
from surveil.sources.failure import SourceError
from surveil.workers.inferring.building import FaceOptions

if TYPE_CHECKING:
    import pandas as pd

_CAMERA, _FLEET = CameraDefaults(), Fleet.model_fields

Row = dict[str, Any]


class Table(Sequence[Row]):
    """One row for each face and interval, and one for an interval in which nobody is seen.

    A row has all of :attr:`columns`; what does not apply to it is None. ``faces`` 0 is "nobody
    there", ``analysed`` 0 "nobody looked".

    Attributes:
        timeline: What it was made of: length, frames, speed, whether the clip is cut short.
    """

    columns = tuple(COLUMNS)
    """Names, the same as in the files of ``surveil analyze --out``."""

    def __init__(self, timeline: ClipTimeline) -> None:
        self.timeline = timeline
        self._rows = [{name: row.get(name) for name in COLUMNS} for row in rows_of(timeline)]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self._rows[index]

    def __repr__(self) -> str:
        return f"<Table of {self.timeline.clip}: {len(self)} rows, {len(self.columns)} columns>"

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame; needs pandas."""
        import pandas as pd

        return pd.DataFrame(self._rows, columns=list(self.columns))

    def write(self, path: str | Path) -> None:
        """Write CSV, Parquet or JSON, by the ending.

        Raises:
            ConfigError: It is another ending, or the file cannot be written.
            ModuleNotFoundError: Parquet needs pyarrow.
        """
        check_format(Path(path))
        write_timelines(Path(path), [self.timeline])


def analyze(
    clip: str | Path,
    *,
    model: str = _FLEET["model"].default,
    device: str = _FLEET["device"].default,
    sample_fps: float = _CAMERA.sample_fps,
    interval_s: float = _FLEET["interval_s"].default,
    min_face_px: int = _CAMERA.min_face_px,
    min_score: float = _CAMERA.min_score,
) -> Table:
    """Analyse a video file faster than real time, as ``surveil analyze`` does.

    Args:
        clip: The file.
        model: Name or folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        sample_fps: Frames analysed per second of the clip.
        interval_s: Seconds of one row.
        min_face_px: Smallest face looked for.
        min_score: Lowest detector score of a face that begins a track, 0..1.

    Raises:
        ConfigError: There is no such file, or it is no video that can be read.
        ModelError: The model is missing or damaged.
    """
    path = Path(clip)
    check_clips([path])
    batch = ClipBatch(
        clips=[path],
        targets={},
        sample_fps=sample_fps,
        interval_s=interval_s,
        model=model,
        device=device,
        faces=FaceOptions(min_face_px, min_score),
    )
    (timeline,) = analyze_clips(batch, _Strict())
    return Table(timeline)


class _Strict:
    """Nobody is shown how the work goes on; a clip that cannot be read is an error."""

    def begin(self, doing: str, length_s: float | None) -> Callable[[float], None]:
        return lambda time_s: None

    def end(self) -> None:
        pass

    def fail(self, clip: Path, error: SourceError) -> None:
        raise ConfigError(f"{clip}: {error.failure.reason.value}") from error

    def finish(self, timeline: ClipTimeline) -> None:
        pass
