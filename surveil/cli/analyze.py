"""``surveil analyze``: video files to timelines and annotated videos."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.plaintext import escape

if TYPE_CHECKING:
    from surveil.clips.analyze import ClipTimeline

_ENDINGS = "CSV, Parquet or JSON, by its ending"


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
    default=5.0,
    show_default=True,
    help="Frames analysed per second of a clip.",
)
@click.option("--model", default="emotion-resnet18", show_default=True, help="Name or folder.")
@click.option(
    "--min-face-px",
    type=click.IntRange(20, 4320),
    default=40,
    show_default=True,
    help="Smallest face looked for.",
)
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    default=0.9,
    show_default=True,
    help="Lowest detector score of a face that begins a track.",
)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(0.2, 60),
    default=1.0,
    show_default=True,
    help="Seconds of one row of the timeline.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
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
    _check_clips(clips)
    from surveil.clips.analyze import analyze_clip, clip_length_s
    from surveil.clips.annotate import check_target, write_annotated
    from surveil.clips.export import check_format, write_timelines
    from surveil.config.schema import Inference
    from surveil.logs import configure_logs
    from surveil.policy import INDIVIDUAL
    from surveil.sources.failure import SourceError
    from surveil.workers.host.lifeline import LocalTelemetry
    from surveil.workers.inferring.building import FaceOptions, build_pipeline

    configure_logs("analyze", level="warning")
    if out is not None:
        check_format(out)
    targets = _annotated_paths(clips, annotate)
    for target in targets.values():
        check_target(target)
    served = Inference()
    console, errors = Console(), Console(stderr=True)
    with _progress(errors) as progress:
        task = progress.add_task("loading the networks", total=None, speed="")
        pipeline = build_pipeline(
            {str(clip): FaceOptions(min_face_px, min_score) for clip in clips},
            model=model,
            device=device,
            smoothing_tau_s=served.smoothing_tau_s,
            hysteresis=served.hysteresis,
            telemetry=LocalTelemetry(),
        )
        progress.remove_task(task)
        timelines: list[ClipTimeline] = []
        failed = 0
        for clip in clips:
            try:
                length_s, _ = clip_length_s(clip)
                bar = _Bar(progress, f"analysing {escape(clip.name)}", length_s)
                timeline = analyze_clip(
                    clip,
                    pipeline,
                    sample_fps=sample_fps,
                    interval_s=interval_s,
                    hysteresis=served.hysteresis,
                    policy=INDIVIDUAL,
                    keep_moments=annotate is not None,
                    on_progress=bar,
                )
                bar.close()
                if clip in targets:
                    bar = _Bar(progress, f"drawing {escape(clip.name)}", timeline.length_s)
                    write_annotated(timeline, targets[clip], on_progress=bar)
                    bar.close()
                    timeline.moments.clear()
            except SourceError as error:
                failed += 1
                detail = f": {error}" if str(error) != error.failure.reason.value else ""
                _say(errors, f"surveil: {clip}: {error.failure.reason.value}{detail}")
                continue
            timelines.append(timeline)
            _warn(errors, timeline)
    if timelines:
        console.print(_summary(timelines))
    if out is not None and timelines:
        rows = write_timelines(out, timelines)
        _say(console, f"{rows} rows in {out}")
    for clip, target in targets.items():
        if any(timeline.clip == clip for timeline in timelines):
            _say(console, f"annotated video in {target}")
    sys.exit(1 if failed else 0)


def _say(console: Console, text: str) -> None:
    # The name of a file may be no text at all.
    console.print(Text(escape(text)), soft_wrap=True)


def _check_clips(clips: Sequence[Path]) -> None:
    problems = [f"{clip}: there is no such file" for clip in clips if not clip.exists()]
    problems += [f"{clip}: is a folder, not a file" for clip in clips if clip.is_dir()]
    problems += [
        f"{clip}: can be read only once; save it to a file first"
        for clip in clips
        if clip.exists() and not clip.is_dir() and not clip.is_file()
    ]
    problems += [f"{clip}: given twice" for clip, n in Counter(clips).items() if n > 1]
    if problems:
        raise ConfigError("\n".join(problems))


def _annotated_paths(clips: Sequence[Path], annotate: Path | None) -> dict[Path, Path]:
    if annotate is None:
        return {}
    if len(clips) == 1 and not annotate.is_dir():
        if annotate.absolute() == clips[0].absolute():
            raise ConfigError(f"{annotate}: would overwrite the clip itself")
        return {clips[0]: annotate}
    if annotate.suffix and not annotate.is_dir():
        raise ConfigError(f"{annotate}: name a folder, there are {len(clips)} clips")
    annotate.mkdir(parents=True, exist_ok=True)
    targets = {clip: annotate / f"{clip.stem}.annotated.mp4" for clip in clips}
    if len(set(targets.values())) < len(clips):
        raise ConfigError("two clips have the same name; annotate them one by one")
    return targets


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class _Bar:
    """One task's bar, told the time in the clip; shows the speed in times real time."""

    def __init__(self, progress: Progress, description: str, length_s: float | None) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=length_s, speed="")

    def __call__(self, time_s: float) -> None:
        task = next(task for task in self._progress.tasks if task.id == self._task)
        elapsed_s = task.elapsed or 0.0
        speed = f"{time_s / elapsed_s:.1f}x real time" if elapsed_s > 0 else ""
        self._progress.update(self._task, completed=time_s, speed=speed)

    def close(self) -> None:
        self._progress.remove_task(self._task)


def _warn(errors: Console, timeline: ClipTimeline) -> None:
    if timeline.is_cut_short:
        _say(
            errors,
            f"surveil: {timeline.clip}: readable up to {timeline.length_s:.1f} s of the"
            f" announced {timeline.announced_s:.1f} s (truncated or damaged);"
            " what is there is kept",
        )
    if timeline.failed:
        _say(errors, f"surveil: {timeline.clip}: {timeline.failed} frames could not be analysed")


def _summary(timelines: Sequence[ClipTimeline]) -> Table:
    table = Table(title="What the clips show", title_justify="left")
    columns: list[tuple[str, Literal["left", "right"]]] = [
        ("clip", "left"),
        ("length", "right"),
        ("speed", "right"),
        ("people", "right"),
        ("expressions classified (share of face-seconds)", "left"),
    ]
    for name, justify in columns:
        table.add_column(name, justify=justify)
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
        table.add_row(
            Text(escape(timeline.clip.name)),
            f"{timeline.length_s:.1f} s",
            f"{speed:.1f}x",
            str(len(people)),
            shares or "no face found",
        )
    return table
