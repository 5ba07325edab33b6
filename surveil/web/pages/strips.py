"""Shares of expressions over time as stacked bars, in which what was not seen is not seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from surveil.domain import EMOTIONS
from surveil.store.reading import Minute

WIDTH, HEIGHT = 18.0, 36.0
"""Of a bar, in the proportion in which it is shown, so that hatching is not distorted."""


_NAMES = tuple(emotion.value for emotion in EMOTIONS)


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


def paths_of(blocks: Iterable[Block]) -> dict[str, str]:
    """Return the blocks of each kind as the data of one SVG path, for a page has thousands.

    Blocks of a kind that are next to each other and alike become one.
    """
    runs: dict[str, list[tuple[Block, int]]] = {}
    for block in blocks:
        of_kind = runs.setdefault(block.kind, [])
        if of_kind:
            first, count = of_kind[-1]
            if block == first._replace(x=first.x + count * WIDTH):
                of_kind[-1] = (first, count + 1)
                continue
        of_kind.append((block, 1))
    return {
        kind: "".join(
            f"M{one.x:g} {one.y:g}h{count * WIDTH:g}v{one.height:g}H{one.x:g}"
            for one, count in of_kind
        )
        for kind, of_kind in runs.items()
    }


def _parts(votes: Sequence[int], coverage: float) -> list[tuple[str, float]]:
    total = sum(votes)
    if not total:
        return [("nobody", coverage)]
    return [
        (name, coverage * count / total) for name, count in zip(_NAMES, votes, strict=True) if count
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
