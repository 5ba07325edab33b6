"""Write one batch of stream entries into SQL, whatever is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from surveil.domain import Event
from surveil.events.codec import encode
from surveil.events.consumer import Delivery, Unreadable
from surveil.logs import get_logger
from surveil.store.dead_letters import DeadLetter, bury
from surveil.store.engine import Database, RefusedError, writing
from surveil.store.ingest import write_batch

RAW_LIMIT = 2000
"""Characters of an entry's field that a dead letter keeps."""

_log = get_logger("recorder")


@dataclass
class Recorded:
    """What became of a batch once it has committed.

    Attributes:
        stored: Rows by type of event: ``interval``, ``camera``.
        duplicates: Events that SQL had already.
        dead: Dead letters by cause: ``format``, ``poisoned``, ``refused``, ``unstorable``.
        committed: How far each run of the batch is settled in SQL.
    """

    stored: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    committed: dict[str, int] = field(default_factory=dict)

    def add(self, other: Recorded) -> Recorded:
        self.stored += other.stored
        self.duplicates += other.duplicates
        self.dead += other.dead
        self.committed |= other.committed
        return self


class BatchWriter:
    """Writes batches; one entry that the database refuses never holds up the others.

    Args:
        database: Where to, at the current schema.
        group: Consumer group, for the dead letters.
        now: The clock, in UTC.
    """

    def __init__(
        self,
        database: Database,
        group: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._group = group
        self._now = now

    def write(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Commit a batch.

        A batch that the database refuses for what is in it is written in halves, until the entry
        is alone that causes it; that one becomes a dead letter.

        Raises:
            UnavailableError: Some of it is not committed: write the batch again later.
        """
        try:
            return self._write(deliveries)
        except RefusedError as error:
            if len(deliveries) > 1:
                middle = len(deliveries) // 2
                return self.write(deliveries[:middle]).add(self.write(deliveries[middle:]))
            return self._give_up(deliveries[0], str(error))

    def _write(self, deliveries: Sequence[Delivery]) -> Recorded:
        events: list[Event] = []
        dead: list[Event] = []
        given_up: list[tuple[Delivery, str, str]] = []
        origins: dict[int, Delivery] = {}
        for delivery in deliveries:
            event = delivery.event
            if not isinstance(event, Unreadable):
                origins[id(event)] = delivery
                events.append(event)
            elif event.event is None:
                given_up.append((delivery, event.cause, event.detail))
            else:
                origins[id(event.event)] = delivery
                dead.append(event.event)
        with writing(self._database) as connection:
            written = write_batch(connection, events, dead)
            for event, fault in written.refused:
                given_up.append((origins[id(event)], "refused", fault))
            for event in written.buried:  # the others of the poisoned are stored
                delivery = origins[id(event)]
                assert isinstance(delivery.event, Unreadable)
                given_up.append((delivery, delivery.event.cause, delivery.event.detail))
            letters = [self._letter(entry, f"{cause}: {why}") for entry, cause, why in given_up]
            bury(connection, letters)
        recorded = Recorded(dead=Counter(cause for _, cause, _ in given_up))
        recorded.stored["interval"] = written.intervals
        recorded.stored["camera"] = written.camera_events
        recorded.duplicates = written.duplicates
        recorded.committed = written.committed
        for letter in letters:
            _log.error(
                "entry.buried", stream=letter.stream, entry=letter.entry_id, reason=letter.reason
            )
        return recorded

    def _give_up(self, delivery: Delivery, reason: str) -> Recorded:
        letter = self._letter(delivery, f"unstorable: {reason}")
        assert not isinstance(delivery.event, Unreadable)
        with writing(self._database) as connection:
            written = write_batch(connection, [], [delivery.event])
            bury(connection, [letter])
        _log.error(
            "entry.buried", stream=letter.stream, entry=letter.entry_id, reason=letter.reason
        )
        return Recorded(dead=Counter(unstorable=1), committed=written.committed)

    def _letter(self, delivery: Delivery, reason: str) -> DeadLetter:
        if isinstance(delivery.event, Unreadable):
            event, fields = delivery.event.event, delivery.event.raw
            times_delivered = delivery.event.times_delivered
        else:
            event, times_delivered = delivery.event, 1
            fields = {key: value[:RAW_LIMIT] for key, value in encode(event).items()}
        return DeadLetter(
            consumer_group=self._group,
            stream=delivery.entry_id.stream,
            entry_id=delivery.entry_id.id,
            fields=fields,
            reason=reason,
            times_delivered=times_delivered,
            at=self._now(),
            run_id=event.run if event else None,
            seq=event.seq if event else None,
        )
