"""Timelines drawn with coloured bars, one line for each bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import groupby

from rich.console import Console
from rich.text import Text

from surveil.domain import EMOTIONS, Emotion
from surveil.palette import COLOURS, as_hex
from surveil.store.reading import Bucket
from surveil.tables import cell

LETTERS = {emotion: emotion.value[0].upper() for emotion in EMOTIONS} | {Emotion.SURPRISE: "!"}
"""What bars are made of where there are no colours: A D F H S ! N."""

NOBODY, GAP = "·", "╱"
LEAST_BAR, MOST_BAR = 20, 70
STAMP = len("12-31 23:59:59")
MOST_ALIKE = 3
"""Equal lines that follow each other at most; more of them are told in one."""


def draw_chart(console: Console, buckets: Mapping[str, Sequence[Bucket]], zone: tzinfo) -> None:
    """Draw a chart for each camera.

    A bar is as long as its bucket: coloured parts are shares of the emotions over the analysed
    time, ``·`` is analysed time with nobody in it, ``╱`` time not analysed, with its reason.
    """
    width = max(LEAST_BAR, min(MOST_BAR, console.width - 48))
    for camera, row in buckets.items():
        console.print(cell(camera, "bold"))
        lines = [(one, _line(console, one, width)) for one in row]
        for text, same in groupby(lines, key=lambda line: line[1]):
            alike = [one for one, _ in same]
            shown = alike if len(alike) <= MOST_ALIKE else alike[:1]
            for one in shown:
                line = Text(f"{_local(one.from_at, zone)} ").append_text(text)
                console.print(line, no_wrap=True, overflow="ellipsis")
            if len(shown) < len(alike):
                rest = f"{'':>{STAMP}} the same {len(alike) - 1} times more,"
                until = f" until {_local(alike[-1].to_at, zone)}"
                console.print(Text(rest + until, "dim"), no_wrap=True, overflow="ellipsis")
        console.print()
    console.print(_legend(console))


def _legend(console: Console) -> Text:
    legend = Text()
    for emotion in EMOTIONS:
        legend.append(_block(console, emotion) * 2, style=as_hex(COLOURS[emotion]))
        legend.append(f" {emotion.value}  ")
    legend.append(f"{NOBODY * 2} nobody  ", style="dim")
    legend.append(f"{GAP * 2} not analysed", style="dim red")
    return legend


def _local(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%m-%d %H:%M:%S}"


def _line(console: Console, one: Bucket, width: int) -> Text:
    line = Text()
    seen = round(width * one.coverage)
    if one.coverage < 1 and seen == width and one.reason:
        seen -= 1  # a gap is never rounded away
    if one.all_votes:
        votes = list(one.votes)
        for emotion, cells in zip(EMOTIONS, share_cells(votes, seen), strict=True):
            line.append(_block(console, emotion) * cells, style=as_hex(COLOURS[emotion]))
    else:
        line.append(NOBODY * seen, style="dim")
    line.append(GAP * (width - seen), style="dim red")
    line.append(f" {one.coverage:4.0%} {one.all_votes:5d} votes")
    if one.reason and one.coverage < 0.995:
        line.append(f" {one.reason}", style="red")
    return line


def share_cells(votes: Sequence[int], cells: int) -> list[int]:
    """Divide cells in proportion to votes, by largest remainder, so that they sum up."""
    total = sum(votes)
    exact = [vote * cells / total for vote in votes]
    given = [int(value) for value in exact]
    by_remainder = sorted(range(len(votes)), key=lambda i: (given[i] - exact[i], i))
    for i in by_remainder[: cells - sum(given)]:
        given[i] += 1
    return given


def _block(console: Console, emotion: Emotion) -> str:
    return "█" if console.color_system else LETTERS[emotion]
