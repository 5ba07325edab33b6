"""A bounded log of a camera's changes of state, in memory that capture and inference share."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from surveil.domain import CameraState, Reason
from surveil.sources.shared_memory import fence

RECORDS = 256
RECORD_BYTES = 512
LOG_BYTES = RECORDS * RECORD_BYTES
_FIELDS = struct.Struct("=q26s16s24sH")  # at in us, run, state, reason, length of detail
_DETAIL_AT = 8 + _FIELDS.size
_DETAIL_BYTES = RECORD_BYTES - _DETAIL_AT
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StateRecord:
    """One change of a camera's state.

    Attributes:
        index: Position in the log, 1, 2, 3… over all runs and over all writer processes of a ring.
        run: The run that the change belongs to.
        at: UTC instant, never earlier than the record of the same run before it.
        state: The state entered.
        reason: Why.
        detail: For people; free of credentials; cut to fit the log.
    """

    index: int
    run: str
    at: datetime
    state: CameraState
    reason: Reason
    detail: str = ""


def to_us(at: datetime) -> int:
    """Return microseconds since 1970 UTC, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Return the UTC instant of :func:`to_us`."""
    return _EPOCH + timedelta(microseconds=us)


class StateLog:
    """The log over ``LOG_BYTES`` of shared memory and one shared word, the last index.

    One writer, any number of readers, no locks. A record carries its own index, zero while it is
    being written, so a reader sees a whole record or none, even if the writer dies halfway.
    """

    def __init__(self, area: memoryview, head: memoryview) -> None:
        self._area = area
        self._tags = area.cast("Q")
        self._head = head

    def append(self, record: StateRecord) -> StateRecord:
        """Store a record under the next index, which replaces the one it came with."""
        index = self._head[0] + 1
        start = index % RECORDS * RECORD_BYTES
        detail = record.detail.encode()[:_DETAIL_BYTES]
        self._tags[start // 8] = 0
        fence()
        _FIELDS.pack_into(
            self._area,
            start + 8,
            to_us(record.at),
            record.run.encode(),
            record.state.encode(),
            record.reason.encode(),
            len(detail),
        )
        self._area[start + _DETAIL_AT : start + _DETAIL_AT + len(detail)] = detail
        fence()
        self._tags[start // 8] = index
        fence()
        self._head[0] = index
        return StateRecord(index, record.run, record.at, record.state, record.reason, record.detail)

    def read(self, after: int) -> list[StateRecord]:
        """Return the records after an index, oldest first; a jump in indices tells of lost ones.

        Records are lost when the reader is more than ``RECORDS`` behind.
        """
        head = self._head[0]
        indices = range(max(after, head - RECORDS) + 1, head + 1)
        records = (self._read_one(index) for index in indices)
        return [record for record in records if record is not None]

    def newest(self) -> StateRecord | None:
        """Return the last record, if there is one."""
        head = self._head[0]
        return self._read_one(head) if head else None

    def _read_one(self, index: int) -> StateRecord | None:
        start = index % RECORDS * RECORD_BYTES
        if self._tags[start // 8] != index:
            return None
        fence()
        copy = bytes(self._area[start : start + RECORD_BYTES])
        fence()
        if self._tags[start // 8] != index:
            return None
        at_us, run, state, reason, length = _FIELDS.unpack_from(copy, 8)
        return StateRecord(
            index,
            run.rstrip(b"\0").decode(),
            from_us(at_us),
            CameraState(state.rstrip(b"\0").decode()),
            Reason(reason.rstrip(b"\0").decode()),
            copy[_DETAIL_AT : _DETAIL_AT + length].decode(errors="ignore"),
        )

    def release(self) -> None:
        """Let go of the memory, so that it can be unmapped."""
        for view in (self._tags, self._head, self._area):
            view.release()
