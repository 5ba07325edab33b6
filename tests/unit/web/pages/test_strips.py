"""Bars say what was seen, and what was not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from surveil.store.reading import Minute
from surveil.web.pages.strips import WIDTH, Block, blocks_of, in_words, paths_of

PART = re.compile(r"(\S+) (\S+)h(\S+)v(\S+)H(\S+)")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = (0, 0, 0, 0, 0, 0, 0)
MINUTES = (
    Minute(AT, 1.0, None, (1, 0, 0, 3, 0, 0, 0)),
    Minute(AT + timedelta(minutes=1), 0.5, "stalled", NOBODY),
    Minute(AT + timedelta(minutes=2), 0.0, "offline", NOBODY),
    Minute(AT + timedelta(minutes=3), 0.25, None, (0, 0, 0, 1, 0, 0, 0)),
)


def test_bar_is_as_high_as_what_was_analysed() -> None:
    assert blocks_of(MINUTES) == [
        Block(0, 27.0, 9.0, "angry"),
        Block(0, 0.0, 27.0, "happy"),
        Block(18, 18.0, 18.0, "nobody"),
        Block(18, 0.0, 18.0, "gap"),
        Block(36, 0.0, 36.0, "gap"),
        Block(54, 27.0, 9.0, "happy"),  # not over: nothing is missing
    ]


def test_a_path_of_each_kind_covers_its_blocks_and_nothing_else() -> None:
    minutes = (MINUTES[0], MINUTES[0], *MINUTES, MINUTES[2])
    blocks = blocks_of(minutes)
    drawn: list[Block] = []
    for kind, path in paths_of(blocks).items():
        for part in path.split("M")[1:]:
            match = PART.fullmatch(part)
            assert match is not None, part
            x, y, width, height, back = map(float, match.groups())
            assert back == x
            assert width % WIDTH == 0
            drawn += [Block(x + i * WIDTH, y, height, kind) for i in range(round(width / WIDTH))]
    assert sorted(drawn) == sorted(blocks)


def test_alike_blocks_in_a_row_are_one() -> None:
    assert paths_of(blocks_of([MINUTES[2]] * 3)) == {"gap": "M0 0h54v36H0"}


def test_bars_are_told_in_words() -> None:
    assert in_words(MINUTES) == "44% of the last 4 minutes analysed: happy 80%, angry 20%"
    assert in_words(MINUTES[1:3]) == "25% of the last 2 minutes analysed, nobody seen"
    assert in_words(()) == "nothing is known of the last minutes"
