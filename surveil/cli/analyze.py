"""``surveil analyze``: video files to timelines and annotated videos."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from surveil.cli.saying import say
from surveil.cli.tabular import show
from surveil.clips.targets import annotated_paths, check_clips
from surveil.config import CameraDefaults, Fleet
from surveil.domain import EMOTIONS
from surveil.plaintext import escape
from surveil.tables import Column, draw_table, number

if TYPE_CHECKING:
    from surveil.clips.analyze import ClipTimeline
    from surveil.sources.failure import SourceError

_ENDINGS = "CSV, Parquet or JSON, by its ending"

_CAMERA, _FLEET = CameraDefaults(), Fleet.model_fields


@click.command("analyze")
@click.argument(
    "clips", metavar="CLIP...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--out", type=click.Path(path_type=Path), help=f"File for the timeline: {_ENDINGS}.")
@click.option(
    "--annotate",
    type=click.Path(path_type=Path),
    help="Video to write with faces drawn on it; a folder for several clips.",
)
@click.option(
    "--sample-fps",
    type=click.FloatRange(0, 120, min_open=True),
    default=_CAMERA.sample_fps,
    show_default=True,
    help="Frames analysed per second of a clip.",
)
@click.option(
    "--model",
    default=Fleet.model_fields["model"].default,
    show_default=True,
    help="Name or folder.",
)
@click.option(
    "--min-face-px",
    type=click.IntRange(20, 4320),
    default=_CAMERA.min_face_px,
    show_default=True,
    help="Smallest face looked for.",
)
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    default=_CAMERA.min_score,
    show_default=True,
    help="Lowest detector score of a face that begins a track.",
)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(0.2, 60),
    default=_FLEET["interval_s"].default,
    show_default=True,
    help="Seconds of one row of the timeline.",
)
@click.option(
    "--device",
    default=Fleet.model_fields["device"].default,
    show_default=True,
    help="auto, cpu, cuda or cuda:N.",
)
def command(
    clips: Sequence[Path],
    out: Path | None,
    annotate: Path | None,
    sample_fps: float,
    model: str,
    min_face_px: int,
    min_score: float,
    interval_s: float,
    device: str,
) -> None:
    """Analyse video files faster than real time.

    Prints what each clip shows. Exits with 0, with 1 when a clip could not be read (the others are
    done), 2 for wrong arguments, 3 when the model is missing or damaged.
    """
    check_clips(clips)
    # Imported here, so that --help need not wait for the networks' libraries.
    from surveil.clips.annotate import check_target
    from surveil.clips.batch import ClipBatch, analyze_clips
    from surveil.clips.export import check_format, write_timelines
    from surveil.logs import configure_logs
    from surveil.workers.inferring.building import FaceOptions

    configure_logs("analyze", level="warning")
    if out is not None:
        check_format(out)
    targets = annotated_paths(clips, annotate)
    for target in targets.values():
        check_target(target)
    batch = ClipBatch(
        clips=clips,
        targets=targets,
        sample_fps=sample_fps,
        interval_s=interval_s,
        model=model,
        device=device,
        faces=FaceOptions(min_face_px, min_score),
    )
    with _Bars(Console(stderr=True)) as bars:
        timelines = list(analyze_clips(batch, bars))
    if timelines:
        show(lambda console: console.print(_summary(console, timelines)))
    if out is not None and timelines:
        rows = write_timelines(out, timelines)
        say(f"{rows} rows in {out}")
    for timeline in timelines:
        if timeline.clip in targets:
            say(f"annotated video in {targets[timeline.clip]}")
    sys.exit(1 if bars.failed else 0)


class _Bars:
    """Bars on a terminal that show the speed in times real time, and warnings above them."""

    def __init__(self, errors: Console) -> None:
        self.failed = 0
        self._errors = errors
        self._task: TaskID | None = None
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=errors,
            transient=True,
            disable=not errors.is_terminal,
        )

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, doing: str, length_s: float | None) -> Callable[[float], None]:
        """Show one more bar."""
        task = self._task = self._progress.add_task(escape(doing), total=length_s, speed="")

        def tell(time_s: float) -> None:
            elapsed_s = next(one.elapsed for one in self._progress.tasks if one.id == task) or 0.0
            speed = f"{time_s / elapsed_s:.1f}x real time" if elapsed_s > 0 else ""
            self._progress.update(task, completed=time_s, speed=speed)

        return tell

    def end(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None

    def fail(self, clip: Path, error: SourceError) -> None:
        """Say why a clip cannot be read."""
        self.failed += 1
        detail = f": {error}" if str(error) != error.failure.reason.value else ""
        self._say(f"surveil: {clip}: {error.failure.reason.value}{detail}")

    def finish(self, timeline: ClipTimeline) -> None:
        """Say what of a clip could not be read or analysed."""
        if timeline.is_cut_short:
            self._say(
                f"surveil: {timeline.clip}: readable up to {timeline.length_s:.1f} s of the"
                f" announced {timeline.announced_s:.1f} s (truncated or damaged);"
                " what is there is kept"
            )
        if timeline.failed:
            self._say(f"surveil: {timeline.clip}: {timeline.failed} frames could not be analysed")

    def _say(self, text: str) -> None:
        # The name of a file may be no text at all.
        self._errors.print(Text(escape(text)), soft_wrap=True)


def _summary(console: Console, timelines: Sequence[ClipTimeline]) -> RenderableType:
    columns = [Column("clip"), number("length"), number("speed"), number("people")]
    columns += [Column("expressions classified (share of face-seconds)", short="expressions")]
    rows = []
    for timeline in timelines:
        votes = [vote for event in timeline.events for vote in event.tracks]
        people = {(e.run, vote.track_id) for e in timeline.events for vote in e.tracks}
        counts = Counter(vote.emotion for vote in votes)
        shares = ", ".join(
            f"{emotion.value} {counts[emotion] / len(votes):.0%}"
            for emotion in sorted(EMOTIONS, key=lambda e: -counts[e])
            if counts[emotion]
        )
        speed = timeline.length_s / max(timeline.elapsed_s, 1e-6)
        rows.append(
            [
                timeline.clip.name,
                f"{timeline.length_s:.1f} s",
                f"{speed:.1f}x",
                str(len(people)),
                shares or "no face found",
            ]
        )
    return draw_table(console, columns, rows, title="What the clips show")
