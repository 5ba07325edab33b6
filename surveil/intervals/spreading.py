"""Lay frames whose instants nobody knows evenly over a time, interval by interval. Pure."""

from __future__ import annotations

from collections.abc import Iterator


def spread(
    count: int, from_us: int, to_us: int, length_us: int, *, is_seen_at_end: bool = False
) -> Iterator[tuple[int, int]]:
    """Yield an instant of each interval in which frames lie, and how many.

    The frames are laid evenly over ``(from_us, to_us]``. Costs no more steps than there are frames,
    however long the time: between two of them there may be years.

    Args:
        count: Frames to lay.
        from_us: Microseconds since 1970 UTC.
        to_us: Likewise; not earlier.
        length_us: Length of intervals, which lie on its multiples.
        is_seen_at_end: There is another frame at ``to_us`` already, so these lie before it.
    """
    gaps = count + is_seen_at_end
    done, start = 0, from_us
    while done < count:
        end = min((start // length_us + 1) * length_us, to_us)
        upto = count if end >= to_us else gaps * (end - from_us) // (to_us - from_us)
        if upto == done:
            next_us = from_us + (to_us - from_us) * (done + 1) // gaps
            start = max(end, (next_us - 1) // length_us * length_us)
            continue
        yield start, upto - done
        done, start = upto, end
