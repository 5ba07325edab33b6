"""Places for answers that last: so many at once, and so many of one viewer."""

from __future__ import annotations

import threading
from collections import Counter

from surveil.web.problems import BusyError
from surveil.web.tally import Tally


class Places:
    """Bounds how many streams of one kind are open; used by many threads at once.

    Args:
        kind: Label of the figures, such as ``events``.
        most: At once.
        most_of_one: Of one viewer, so that nobody takes the places of all.
        tally: Where it is counted.
    """

    def __init__(self, kind: str, most: int, most_of_one: int, tally: Tally) -> None:
        self._kind = kind
        self._most = most
        self._most_of_one = most_of_one
        self._tally = tally
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    def take(self, viewer: str) -> None:
        """Take a place for a viewer; :meth:`free` gives it back.

        Raises:
            BusyError: All places are taken, or as many as one viewer may have.
        """
        with self._lock:
            if self._held.total() >= self._most or self._held[viewer] >= self._most_of_one:
                self._tally.count("web_streams_refused_total", kind=self._kind)
                raise BusyError(
                    f"{self._held[viewer]} of your {self._most_of_one} and {self._held.total()} of"
                    f" {self._most} streams are open: close one, or come again later"
                )
            self._held[viewer] += 1
            self._tell()

    def free(self, viewer: str) -> None:
        """Give a place back."""
        with self._lock:
            self._held[viewer] -= 1
            if self._held[viewer] <= 0:
                del self._held[viewer]
            self._tell()

    def cut(self) -> None:
        """Count a stream that was ended since its client read nothing."""
        self._tally.count("web_streams_cut_total", kind=self._kind)

    def _tell(self) -> None:
        self._tally.gauge("web_streams", float(self._held.total()), kind=self._kind)
