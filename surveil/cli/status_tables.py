"""How a daemon stands, as lines and tables that fit 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console, RenderableType
from rich.text import Text

from surveil.domain import Reason
from surveil.live.standing import Absent
from surveil.live.status import CameraStatus, DaemonStatus, Health, WorkerState, is_well
from surveil.tables import Column, cell, draw_table, number, whole

_HEALTH_STYLE = {Health.LIVE: "bold green", Health.DEGRADED: "bold red"}
_LINES_AROUND = 8
"""Lines of a screen beside its cameras, workers and troubles."""

_SHORT_ID = 16
"""Characters of a camera's id where it must not take a second line; its end tells it apart."""


def draw_status(console: Console, status: DaemonStatus, *, most_lines: int | None = None) -> None:
    """Print a running daemon.

    Args:
        console: Where to.
        status: Its reading.
        most_lines: Height of the screen; cameras that do well are left out first.
    """
    head = Text.assemble(
        cell(f"surveil {status.version} on {status.host}  "),
        (status.health.value, _HEALTH_STYLE.get(status.health, "bold yellow")),
        f" for {lasted(status.up_s)}  pid {status.pid}",
    )
    console.print(head, no_wrap=True, overflow="ellipsis")
    console.print(cell(_flow_words(status), "dim"), overflow="fold")
    troubles, cameras, hidden = _fitting(status, most_lines)
    for words in troubles:
        console.print(cell(words, "red"), no_wrap=True, overflow="ellipsis")
    console.print()
    is_short = most_lines is not None
    console.print(_cameras(console, status, cameras, is_short=is_short))
    if hidden:
        console.print(Text(f"and {hidden} more that do well", "dim"))
    console.print()
    console.print(_workers(console, status, is_short=is_short))


def _fitting(
    status: DaemonStatus, most_lines: int | None
) -> tuple[Sequence[str], Sequence[CameraStatus], int]:
    """Return the troubles and cameras for which there is room, and how many are left out."""
    if most_lines is None:
        return status.troubles, status.cameras, 0
    troubles = status.troubles[:3]
    workers = sum(one.role != "capture" for one in status.workers)
    room = max(3, most_lines - _LINES_AROUND - len(troubles) - workers)
    if len(status.cameras) <= room:
        return troubles, status.cameras, 0
    first = sorted(status.cameras, key=is_well)[: room - 1]
    return troubles, first, len(status.cameras) - len(first)


def _flow_words(status: DaemonStatus) -> str:
    flow = status.flow
    words = []
    if flow.decided_within_s is not None:
        words.append(f"classified within {flow.decided_within_s:g} s")
    if flow.store_lag_s is not None:
        words.append(f"in SQL after {flow.store_lag_s:.1f} s")
    if flow.spool_pending is not None:
        words.append(f"{flow.spool_pending} events under way")
    if flow.is_redis_up is False:
        words.append("Redis is away")
    words.append(f"{status.memory_bytes / 1e6:.0f} MB")
    if status.carries is not None and any(one.is_degraded for one in status.cameras):
        cameras = "camera" if status.carries == 1 else "cameras"
        words.append(f"carries {status.carries} {cameras} like these")
    return ", ".join(words)


def _cameras(
    console: Console, status: DaemonStatus, cameras: Sequence[CameraStatus], *, is_short: bool
) -> RenderableType:
    text = whole if is_short else Column
    heads = [text("camera"), whole("state"), number("for"), number("sent/s", "in/s")]
    heads += [number("analysed/s", "an./s"), number("dropped", "drop"), number("faces", "face")]
    heads += [text("why")]
    rows = []
    for one in cameras:
        since_s = (status.at - one.since_at).total_seconds() if one.since_at else None
        state = "degraded" if one.is_degraded and one.state.value == "live" else one.state.value
        texts = (
            *(_name(one, is_short), state, lasted(since_s) if since_s is not None else ""),
            *(f"{one.captured_fps:.1f}", f"{one.analysed_fps:.1f}/{one.wanted_fps:g}"),
            *(str(sum(one.dropped.values())), "" if one.faces is None else str(one.faces)),
            "" if one.reason is Reason.NONE else one.reason.value,
        )
        rows.append([cell(text, "" if is_well(one) else "red") for text in texts])
    return draw_table(console, heads, rows)


def _name(camera: CameraStatus, is_short: bool) -> str:
    id_ = camera.camera
    return f"…{id_[-_SHORT_ID + 1 :]}" if is_short and len(id_) > _SHORT_ID else id_


def _workers(console: Console, status: DaemonStatus, *, is_short: bool) -> RenderableType:
    """Return the workers; captures stand for their cameras where there is no room."""
    heads = [whole("worker"), whole("state"), number("for"), number("MB"), number("starts")]
    heads += [Column("does")]
    rows = []
    for one in status.workers:
        is_fine = one.state in (WorkerState.READY, WorkerState.RETIRING)
        if is_short and one.role == "capture":
            continue
        memory = "" if one.memory_bytes is None else f"{one.memory_bytes / 1e6:.0f}"
        texts = (one.name, one.state.value, lasted(one.up_s), memory, str(one.starts), one.doing)
        rows.append([cell(text, "" if is_fine else "yellow") for text in texts])
    return draw_table(console, heads, rows)


def draw_absent(console: Console, absent: Absent, now: datetime) -> None:
    """Print what was last known of a fleet whose daemon does not run."""
    console.print(Text.assemble(("not running", "bold red"), cell(f": {absent.why}")))
    if absent.unknown:
        console.print(cell(absent.unknown, "dim"))
    if absent.as_of_at is None:
        return
    ago = lasted((now - absent.as_of_at).total_seconds())
    console.print(f"as of {absent.as_of_at:%Y-%m-%d %H:%M:%S} UTC, {ago} ago:")
    console.print()
    heads = [Column("camera"), whole("state"), whole("since (UTC)"), whole("analysed until")]
    rows = [
        [
            cell(one.camera),
            cell(one.state),
            cell(f"{one.at:%Y-%m-%d %H:%M:%S}"),
            cell(f"{one.analysed_until_at:%Y-%m-%d %H:%M:%S}" if one.analysed_until_at else "-"),
            cell("" if one.reason == Reason.NONE else one.reason),
        ]
        for one in absent.known
    ]
    console.print(draw_table(console, [*heads, Column("why")], rows))


def lasted(seconds: float) -> str:
    """Return a duration in at most two units: ``42s``, ``7m``, ``2h 03m``, ``5d 04h``."""
    whole_s = max(0, int(seconds))
    minutes, hours, days = whole_s // 60, whole_s // 3600, whole_s // 86400
    if days:
        return f"{days}d {hours % 24:02}h"
    if hours:
        return f"{hours}h {minutes % 60:02}m"
    return f"{minutes}m" if minutes else f"{whole_s}s"
