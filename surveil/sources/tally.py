"""Counters of a camera's last runs, in memory that capture and inference share.

Every word has one writing process and is stored whole, so a process that dies between two stores
leaves numbers that still add up: what it had claimed but not counted as taken counts as busy.
"""

from __future__ import annotations

from dataclasses import dataclass

from surveil.sources.shared_memory import fence

RUNS = 64
_WORDS = 8
_RUN_WORDS = 4  # a ULID has 26 characters
TABLE_BYTES = RUNS * (2 * _WORDS + _RUN_WORDS) * 8
_NUMBER, _CAPTURED, _SAMPLED, _DECODE = range(4)
_LAST, _TAKEN = 1, 2


@dataclass(frozen=True, slots=True)
class RunTally:
    """Frames of one run so far; ``sampled == taken + busy + unread`` always.

    ``captured`` were decoded, ``sampled`` were put into the ring, ``decode`` could not be decoded,
    ``taken`` were read, ``busy`` were passed over by the reader, ``unread`` may still be read.
    """

    run: str
    captured: int = 0
    sampled: int = 0
    decode: int = 0
    taken: int = 0
    busy: int = 0
    unread: int = 0


class RunTable:
    """The last ``RUNS`` runs of a ring, by number; numbers count 1, 2, 3… and never repeat."""

    def __init__(self, area: memoryview, newest: memoryview) -> None:
        self._newest = newest
        self._area = area
        self._words = area.cast("Q")
        self._reader_at = RUNS * _WORDS
        self._names_at = RUNS * _WORDS * 2 * 8

    @property
    def newest(self) -> int:
        """Number of the newest run, 0 before the first."""
        return self._newest[0]

    def begin(self, run: str) -> int:
        """Writer: open a run and return its number."""
        number = self._newest[0] + 1
        base = number % RUNS * _WORDS
        self._words[base + _NUMBER] = 0
        fence()
        for word in (_CAPTURED, _SAMPLED, _DECODE):
            self._words[base + word] = 0
        at = self._names_at + number % RUNS * _RUN_WORDS * 8
        self._area[at : at + _RUN_WORDS * 8] = run.encode().ljust(_RUN_WORDS * 8, b"\0")
        fence()
        self._words[base + _NUMBER] = number
        fence()
        self._newest[0] = number
        return number

    def add(self, number: int, *, captured: int = 0, decode: int = 0) -> None:
        """Writer: add to the counters of the run it opened."""
        base = number % RUNS * _WORDS
        self._words[base + _CAPTURED] += captured
        self._words[base + _DECODE] += decode

    def set_sampled(self, number: int, index: int) -> None:
        """Writer: frame ``index`` of the run is about to be published."""
        self._words[number % RUNS * _WORDS + _SAMPLED] = index

    def last_taken(self, number: int) -> int:
        """Return the index of the last frame that the reader claimed, 0 for none."""
        base = self._reader_at + number % RUNS * _WORDS
        return self._words[base + _LAST] if self._words[base + _NUMBER] == number else 0

    def take(self, number: int, index: int) -> None:
        """Reader: claim frame ``index``; frames before it that were never taken become busy."""
        base = self._reader_at + number % RUNS * _WORDS
        if self._words[base + _NUMBER] != number:
            self._words[base + _NUMBER] = 0
            self._words[base + _LAST] = 0
            self._words[base + _TAKEN] = 0
            self._words[base + _NUMBER] = number
        self._words[base + _LAST] = index
        self._words[base + _TAKEN] += 1

    def find(self, run: str) -> int:
        """Return the number of a run, 0 if it is unknown or no longer in the table."""
        newest = self._newest[0]
        for number in range(newest, max(newest - RUNS, 0), -1):
            if self.name(number) == run:
                return number
        return 0

    def name(self, number: int) -> str:
        """Return the run of a number, empty when it is not in the table."""
        if number == 0 or self._words[number % RUNS * _WORDS + _NUMBER] != number:
            return ""
        at = self._names_at + number % RUNS * _RUN_WORDS * 8
        return bytes(self._area[at : at + _RUN_WORDS * 8]).rstrip(b"\0").decode()

    def tally(self, number: int) -> RunTally:
        """Return the counters of a run; of a run that is over, nothing is unread any more."""
        run = self.name(number)
        base = number % RUNS * _WORDS
        last = self.last_taken(number)
        reader = self._reader_at + base
        taken = min(self._words[reader + _TAKEN], last) if last else 0
        captured, decode = self._words[base + _CAPTURED], self._words[base + _DECODE]
        sampled = max(self._words[base + _SAMPLED], last)
        if not run or self.name(number) != run:
            return RunTally(run="")
        is_over = number < self._newest[0]
        unread = 0 if is_over else sampled - last
        return RunTally(run, captured, sampled, decode, taken, sampled - taken - unread, unread)

    def release(self) -> None:
        """Let go of the memory, so that it can be unmapped."""
        for view in (self._words, self._newest, self._area):
            view.release()
