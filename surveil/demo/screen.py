"""What ``surveil demo`` shows: a live table, plain lines elsewhere, and the report at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from surveil.demo.report import DemoReport, Second, since_begin
from surveil.demo.view import CameraView, FleetView
from surveil.domain import CameraState, Emotion, TrackVote
from surveil.store.reading import AlertRow, GapRow
from surveil.tables import cell

BAR_CELLS = 7
EMOTION_CELLS = max(len(emotion) for emotion in Emotion)
MOST_FACES = 3
"""Faces listed per camera in the live table."""

_STATE_STYLES = {
    CameraState.CONNECTING: "yellow",
    CameraState.LIVE: "green",
    CameraState.STALLED: "yellow",
    CameraState.FROZEN: "yellow",
    CameraState.OFFLINE: "bold red",
    CameraState.STOPPED: "dim",
}
EMOTION_STYLES = {
    Emotion.ANGRY: "red",
    Emotion.DISGUST: "magenta",
    Emotion.FEAR: "dark_orange",
    Emotion.HAPPY: "green",
    Emotion.SAD: "blue",
    Emotion.SURPRISE: "yellow",
    Emotion.NEUTRAL: "white",
}
_LEVELS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_GAP, _NOBODY = "░", "·"
_SHARE_SHOWN = 0.05
"""Emotions with less of all votes get no line of their own."""


def draw_live(view: FleetView, firing: Sequence[tuple[str, str]], caption: str) -> RenderableType:
    """Return the table of this moment."""
    table = Table(
        title="surveil demo",
        title_justify="left",
        caption=f"fps: captured/analysed; {caption}",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("camera", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("fps", justify="right", no_wrap=True)
    table.add_column("drops", justify="right", no_wrap=True)
    table.add_column("faces classified as", min_width=EMOTION_CELLS + BAR_CELLS + 6, no_wrap=True)
    table.add_column("alerts", min_width=13)
    for camera in view.cameras.values():
        alerts = [rule for rule, key in firing if key == camera.camera]
        table.add_row(
            camera.camera,
            _state(camera),
            f"{camera.captured_fps:.1f}/{camera.analysed_fps:.1f}",
            str(camera.dropped),
            _faces(camera.faces),
            Text("\n".join(alerts) or "-", style="bold red" if alerts else "dim"),
        )
    return table


def line_of(view: FleetView, firing: Sequence[tuple[str, str]], caption: str) -> str:
    """Return this moment in one line, for files and pipes."""
    if not view.has_begun:
        return caption
    parts = [caption]
    for camera in view.cameras.values():
        faces = ", ".join(f"{vote.emotion} {vote.confidence:.0%}" for vote in camera.faces)
        reason = "" if camera.reason == "none" else f" ({camera.reason})"
        parts.append(
            f"{camera.camera} {camera.state}{reason}"
            f" {camera.captured_fps:.1f}/{camera.analysed_fps:.1f} fps, {camera.dropped} drops,"
            f" {len(camera.faces)} faces{': ' if faces else ''}{faces}"
        )
    if firing:
        parts.append("firing: " + ", ".join(f"{rule} {key}" for rule, key in firing))
    return " | ".join(parts)


def draw_report(report: DemoReport) -> RenderableType:
    """Return timelines, alerts and gaps."""
    parts: list[RenderableType] = []
    begun = since_begin(report)
    for camera, seconds in begun.timelines.items():
        parts += [Text(), _timeline(camera, seconds)]
    legend = f"one character a second; {_NOBODY} nobody there, {_GAP} not analysed (UTC)"
    parts += [Text(legend, style="dim"), Text(), _alerts(begun.alerts), Text(), _gaps(begun.gaps)]
    hidden = len(report.alerts) - len(begun.alerts) + len(report.gaps) - len(begun.gaps)
    if hidden:
        note = (
            f"{hidden} more alerts and gaps, before the model was loaded or very short, are in SQL"
        )
        parts.append(Text(note, style="dim"))
    return Group(*parts)


def _state(camera: CameraView) -> Text:
    text = Text(camera.state.value, style=_STATE_STYLES[camera.state])
    if camera.reason != "none":
        text.append(f"\n{camera.reason.value}", style="dim")
    return text


def _faces(faces: Sequence[TrackVote]) -> Text:
    text = Text()
    for vote in faces[:MOST_FACES]:
        if text:
            text.append("\n")
        text.append(f"{vote.emotion.value:<{EMOTION_CELLS}} ")
        text.append(_bar(vote.confidence), style=EMOTION_STYLES[vote.emotion])
        text.append(f" {vote.confidence:>4.0%}")
    if len(faces) > MOST_FACES:
        text.append(f"\nand {len(faces) - MOST_FACES} more", style="dim")
    return text or Text("nobody", style="dim")


def _bar(share: float) -> str:
    cells, eighths = divmod(round(share * BAR_CELLS * 8), 8)
    return ("█" * cells + (_EIGHTHS[eighths] if eighths else "")).ljust(BAR_CELLS)


def _timeline(camera: str, seconds: Sequence[Second]) -> Text:
    text = Text()
    if not seconds:
        return text.append(f"{camera}: nothing was analysed", style="bold red")
    text.append(camera, style="bold")
    text.append(f"  {seconds[0].at:%H:%M:%S} to {seconds[-1].at:%H:%M:%S}\n", style="dim")
    text.append(f"  {'faces':<{EMOTION_CELLS}} ")
    for second in seconds:
        count = "9" if second.faces > 9 else str(second.faces)
        _cell(text, second, count, "bold")
    for emotion in _shown(seconds):
        text.append(f"\n  {emotion.value:<{EMOTION_CELLS}} ")
        for second in seconds:
            level = _LEVELS[round(second.scores.get(emotion, 0.0) * (len(_LEVELS) - 1))]
            _cell(text, second, level, EMOTION_STYLES[emotion])
    return text


def _cell(text: Text, second: Second, shown: str, style: str) -> None:
    if not second.is_analysed:
        text.append(_GAP, style="red")
    elif not second.faces:
        text.append(_NOBODY, style="dim")
    else:
        text.append(shown, style=style)


def _shown(seconds: Sequence[Second]) -> list[Emotion]:
    """Return the emotions that were somebody's strongest often enough, most frequent first."""
    highest = Counter(
        max(second.scores, key=lambda emotion: second.scores[emotion])
        for second in seconds
        if second.scores
    )
    return [one for one, count in highest.most_common() if count >= _SHARE_SHOWN * highest.total()]


def _alerts(alerts: Sequence[AlertRow]) -> Table:
    table = _table("alerts that fired")
    for name in ("rule", "about", "fired", "resolved", "summary"):
        table.add_column(name, no_wrap=name != "summary")
    for alert in alerts:
        fired = _clock(alert.fired_at) if alert.fired_at else ""
        resolved = _clock(alert.resolved_at) if alert.resolved_at else "still firing"
        summary = alert.annotations.get("summary", "")
        table.add_row(*map(cell, (alert.rule, alert.key, fired, resolved, summary)))
    return table


def _gaps(gaps: Sequence[GapRow]) -> Table:
    table = _table("gaps: time nobody analysed")
    for name in ("camera", "from", "to", "seconds", "reason", "frames lost"):
        table.add_column(name, justify="right" if name in ("seconds", "frames lost") else "left")
    for gap in gaps:
        table.add_row(
            cell(gap.camera),
            _clock(gap.from_at),
            _clock(gap.to_at),
            f"{gap.lasted_s:.1f}",
            cell(gap.reason),
            str(gap.frames_lost),
        )
    return table


def _table(title: str) -> Table:
    return Table(
        title=Text(title, "bold"),
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
    )


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S.%f}"[:-5]
