"""Write one batch of stream entries into SQL, whatever is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from surveil.domain import CameraEvent, Event
from surveil.events.codec import encode
from surveil.events.consumer import Delivery, Unreadable
from surveil.logs import get_logger
from surveil.store.dead_letters import DeadLetter, insert_dead_letters
from surveil.store.engine import Database, RefusedError, writing
from surveil.store.ingest import Written, write_batch
from surveil.store.rows import Lost, span
from surveil.workers.recording.fence import Fence

FUTURE_S = 3600.0
"""So far may the clock of a camera's host be ahead of that of Redis' host."""
PAST_DAYS = 400
"""So long may an event have lain in a spool."""
RAW_LIMIT = 2000
"""Characters of an entry's field that a dead letter keeps."""

MOST_STARTS = 50
"""Cameras whose gaps one transaction derives anew; each takes some 15 ms of processor time."""
EARLY_SEQ = 4
"""Events of a run up to this one are of its beginning."""

_log = get_logger("recorder")


@dataclass
class Recorded:
    """What became of a batch once it has committed.

    Attributes:
        stored: Rows by type of event: ``interval``, ``camera``.
        duplicates: Events that SQL had already.
        dead: Dead letters by cause: ``format``, ``poisoned``, ``distant``, ``fenced``,
            ``refused``, ``unstorable``.
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
        meanwhile: Called before each of the transactions that a batch takes.
    """

    def __init__(
        self,
        database: Database,
        group: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._group = group
        self._now = now
        self._meanwhile = meanwhile
        self._fence = Fence()

    def write(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Commit a batch.

        A batch that the database refuses for what is in it is written in halves, until the entry
        is alone that causes it; that one becomes a dead letter.

        One in which more than ``MOST_STARTS`` cameras begin is, too: what they change of gaps takes
        long, and holds their rows from other recorders.

        Raises:
            UnavailableError: Some of it is not committed: write the batch again later.
        """
        if len(deliveries) > 1 and _count_starts(deliveries) > MOST_STARTS:
            middle = len(deliveries) // 2
            return self.write(deliveries[:middle]).add(self.write(deliveries[middle:]))
        self._meanwhile()
        try:
            return self._write(deliveries)
        except RefusedError as error:
            if len(deliveries) > 1:
                middle = len(deliveries) // 2
                return self.write(deliveries[:middle]).add(self.write(deliveries[middle:]))
            return self._give_up(deliveries[0], str(error))

    def _write(self, deliveries: Sequence[Delivery]) -> Recorded:
        sound: list[tuple[Delivery, Event]] = []
        dead: list[tuple[Lost, DeadLetter]] = []
        letters: list[DeadLetter] = []
        for delivery in deliveries:
            event = delivery.event
            if isinstance(event, Unreadable):
                letter = self._letter(delivery, event.cause, event.detail)
                if event.event is None:
                    letters.append(letter)
                else:
                    dead.append((_lost(delivery, event.event), letter))
            elif (fault := _find_distance(delivery, event)) is not None:
                dead.append((_lost(delivery, event), self._letter(delivery, "distant", fault)))
            else:
                sound.append((delivery, event))
        with writing(self._database) as connection:
            fenced = self._fence.find(connection, [event for _, event in sound])
            for delivery, event in sound if fenced else ():
                if why := fenced.get((event.run, event.seq)):
                    dead.append((_lost(delivery, event), self._letter(delivery, "fenced", why)))
            sound = [pair for pair in sound if (pair[1].run, pair[1].seq) not in fenced]
            written = write_batch(
                connection, [event for _, event in sound], [lost for lost, _ in dead]
            )
            letters += [
                self._letter(sound[i][0], "refused", fault) for i, fault in written.refused.items()
            ]
            letters += [dead[i][1] for i in written.newly_dead]  # the others of the dead are stored
            insert_dead_letters(connection, letters)
        return _recorded(written, letters)

    def _give_up(self, delivery: Delivery, reason: str) -> Recorded:
        assert not isinstance(delivery.event, Unreadable)
        letter = self._letter(delivery, "unstorable", reason)
        with writing(self._database) as connection:
            written = write_batch(connection, [], [_lost(delivery, delivery.event)])
            insert_dead_letters(connection, [letter])
        return _recorded(written, [letter])

    def _letter(self, delivery: Delivery, cause: str, detail: str) -> DeadLetter:
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
            reason=f"{cause}: {detail}",
            times_delivered=times_delivered,
            at=self._now(),
            run_id=event.run if event else None,
            seq=event.seq if event else None,
        )


def _count_starts(deliveries: Sequence[Delivery]) -> int:
    """Return of how many cameras a batch tells a change of state, or the beginning of a run."""
    events = [one.event for one in deliveries if not isinstance(one.event, Unreadable)]
    return len({e.camera for e in events if isinstance(e, CameraEvent) or e.seq <= EARLY_SEQ})


def _recorded(written: Written, letters: Sequence[DeadLetter]) -> Recorded:
    """Log the dead letters of a committed batch, and count all of it."""
    for letter in letters:
        _log.error(
            "entry.dead_lettered", stream=letter.stream, entry=letter.entry_id, reason=letter.reason
        )
    return Recorded(
        stored=Counter(interval=written.intervals, camera=written.camera_events),
        duplicates=written.duplicates,
        dead=Counter(letter.reason.partition(":")[0] for letter in letters),
        committed=written.committed,
    )


def _find_distance(delivery: Delivery, event: Event) -> str | None:
    """Say why an event cannot be of the time of its entry, or None.

    It would begin a gap of months at the camera's last instant, or before its first.
    """
    first_at, last_at = span(event)
    published_at = delivery.entry_id.published_at
    if last_at > published_at + timedelta(seconds=FUTURE_S):
        return f"tells of {last_at:%Y-%m-%d %H:%M}, after it was published: is the clock right?"
    if first_at < published_at - timedelta(days=PAST_DAYS):
        return f"tells of {first_at:%Y-%m-%d %H:%M}, long before it was published"
    return None


def _lost(delivery: Delivery, event: Event) -> Lost:
    is_distant = _find_distance(delivery, event) is not None
    at = delivery.entry_id.published_at if is_distant else span(event)[0]
    return Lost(event.camera, event.run, event.seq, at, event.token)
