"""Shares of expressions over time as stacked bars, in which what was not seen is not seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from surveil.domain import EMOTIONS
from surveil.store.reading import Minute

WIDTH, HEIGHT = 18.0, 36.0
"""Of a bar, in the proportion in which it is shown, so that hatching is not distorted."""


class Block(NamedTuple):
    """A rectangle of a bar, which is ``WIDTH`` wide and ``HEIGHT`` high in all.

    Attributes:
        x: Left edge.
        y: Upper edge, 0 at the top.
        height: Its height.
        kind: An emotion, ``nobody`` or ``gap``: the class by which it is filled.
    """

    x: float
    y: float
    height: float
    kind: str


def blocks_of(minutes: Iterable[Minute]) -> list[Block]:
    """Return the blocks of bars that are as high as what was analysed of their minute.

    From the bottom up: the shares of the expressions, or ``nobody`` where nobody was seen; then, to
    the top, the part that was not analysed. Where nobody knows why that is so there is no block:
    the present minute is not over, and a camera may be new.
    """
    found: list[Block] = []
    for x, minute in enumerate(minutes):
        top = HEIGHT
        parts = _parts(minute.votes, minute.coverage)
        if minute.reason is not None:
            parts.append(("gap", 1 - minute.coverage))
        for kind, part in parts:
            if part > 0:
                height = part * HEIGHT
                top -= height
                found.append(Block(x * WIDTH, round(top, 2), round(height, 2), kind))
    return found


def _parts(votes: Sequence[int], coverage: float) -> list[tuple[str, float]]:
    total = sum(votes)
    if not total:
        return [("nobody", coverage)]
    return [
        (emotion.value, coverage * count / total)
        for emotion, count in zip(EMOTIONS, votes, strict=True)
    ]


def in_words(minutes: Sequence[Minute]) -> str:
    """Return the same in a sentence, for whoever does not see the bars."""
    if not minutes:
        return "nothing is known of the last minutes"
    votes = [sum(column) for column in zip(*(minute.votes for minute in minutes), strict=True)]
    total = sum(votes)
    coverage = sum(minute.coverage for minute in minutes) / len(minutes)
    seen = f"{coverage:.0%} of the last {len(minutes)} minutes analysed"
    if not total:
        return f"{seen}, nobody seen"
    shares = sorted(zip(votes, EMOTIONS, strict=True), key=lambda one: -one[0])
    told = ", ".join(f"{emotion.value} {count / total:.0%}" for count, emotion in shares if count)
    return f"{seen}: {told}"
