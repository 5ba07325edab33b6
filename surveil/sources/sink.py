"""What a capture session tells of its camera, and to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from surveil.domain import Frame, Reason
from surveil.sources.statelog import StateRecord
from surveil.sources.stream import StreamInfo


class Sink(Protocol):
    """Where a session puts what it has; called by one thread at a time, and must not block."""

    def begin_run(self, run: str, started_at: datetime) -> None:
        """A run begins; all that follows belongs to it."""

    def log_state(self, record: StateRecord) -> object:
        """The camera changed its state. ``record.index`` is for the sink to assign."""

    def opened(self, info: StreamInfo) -> None:
        """A stream was opened; no picture has been decoded yet."""

    def count(self, *, captured: int = 0, decode: int = 0) -> None:
        """Pictures were decoded, or could not be."""

    def put(self, frame: Frame) -> None:
        """A sampled picture; the sink may keep it, but one of planes holds the decoder's memory."""

    def clock_set(self, step_s: float) -> None:
        """The host's clock was set by so many seconds; a new run follows."""

    def retrying(self, reason: Reason, delay_s: float) -> None:
        """An attempt or a stream ended; the next attempt follows after the delay."""
