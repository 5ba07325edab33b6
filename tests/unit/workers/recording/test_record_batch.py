"""One batch of stream entries into SQL, whatever is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from kit.events import START_AT as BEGAN_AT
from kit.events import CameraLife, make_vote

from surveil.domain import CameraState, Event
from surveil.errors import UnavailableError
from surveil.events.consumer import Delivery, EntryId, Unreadable
from surveil.events.streams import stream_key
from surveil.store.engine import connect, reading
from surveil.store.integrity import CHECKS
from surveil.store.tables import camera, dead_letter, gap
from surveil.workers.recording.record_batch import MOST_STARTS, BatchWriter

RUN = "01JD0000000000000000000000"


def deliver(events: Iterable[Event], later_s: float = 0.0) -> list[Delivery]:
    """Return events as entries that were published at ``BEGAN_AT``, or later."""
    at_ms = round((BEGAN_AT.timestamp() + later_s) * 1000)
    return [
        Delivery(EntryId(stream_key(0), f"{at_ms}-{i}"), event) for i, event in enumerate(events)
    ]


def count_letters(database: sa.Engine) -> int:
    with reading(database) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(dead_letter)).scalar_one()


def poisoned(delivery: Delivery) -> Delivery:
    assert not isinstance(delivery.event, Unreadable)
    told = Unreadable("poisoned", "handed out 21 times", {"data": "{}"}, delivery.event, 21)
    return Delivery(delivery.entry_id, told)


def test_an_entry_handed_out_too_often_is_settled_without_being_read(database: sa.Engine) -> None:
    first, second = deliver(CameraLife("lobby", RUN, BEGAN_AT).sees(0, 1).sees(1, 2))
    recorded = BatchWriter(database, "recorder").write([first, poisoned(second)])
    assert (recorded.stored["interval"], recorded.dead) == (1, {"poisoned": 1})
    assert recorded.committed == {RUN: 2}
    assert count_letters(database) == 1


def test_a_poisoned_entry_whose_event_is_stored_is_no_dead_letter(database: sa.Engine) -> None:
    (stored,) = deliver(CameraLife("lobby", RUN, BEGAN_AT).sees(0, 1))
    writer = BatchWriter(database, "recorder")
    writer.write([stored])
    assert not writer.write([poisoned(stored)]).dead
    assert count_letters(database) == 0


def test_an_event_that_comes_twice_is_buried_once(database: sa.Engine) -> None:
    life = CameraLife("lobby", RUN, BEGAN_AT).sees(0, 1)
    batch = [poisoned(one) for one in deliver([*life, *life])]
    recorded = BatchWriter(database, "recorder").write(batch)
    assert recorded.dead == {"poisoned": 1}
    assert count_letters(database) == 1


def test_an_entry_without_an_event_is_kept_with_its_fields(database: sa.Engine) -> None:
    raw = {"data": "{not json"}
    entry = Delivery(EntryId(stream_key(0), "1-0"), Unreadable("format", "no JSON", raw, None, 1))
    recorded = BatchWriter(database, "recorder").write([entry])
    assert (recorded.dead, recorded.committed) == ({"format": 1}, {})
    with reading(database) as connection:
        letter = connection.execute(sa.select(dead_letter)).one()
    assert (letter.fields, letter.reason, letter.run_id) == (raw, "format: no JSON", None)


def test_a_database_that_is_away_is_no_fault_of_the_batch(tmp_path: Path) -> None:
    engine = connect(f"postgresql://app@/x?host={tmp_path}")
    with pytest.raises(UnavailableError):
        BatchWriter(engine, "recorder").write(deliver(CameraLife("lobby", RUN).sees(0, 1)))
    engine.dispose()


def test_an_entry_the_database_refuses_is_found_among_the_others(
    postgres_database: sa.Engine,
) -> None:
    life = CameraLife("lobby", RUN, BEGAN_AT).says(0, CameraState.LIVE)
    for second in range(8):
        life.sees(second, second + 1, make_vote(1))
    events = list(life)
    fourth = life.intervals[3]
    vote = replace(fourth.tracks[0], face_px=2**40)
    events[4] = replace(fourth, tracks=(vote,))
    recorded = BatchWriter(postgres_database, "recorder").write(deliver(events, 20))
    assert recorded.stored == {"interval": 7, "camera": 1}
    assert recorded.dead == {"unstorable": 1}
    assert recorded.committed == {life.run: 9}
    with reading(postgres_database) as connection:
        letter = connection.execute(sa.select(dead_letter)).one()
    assert (letter.run_id, letter.seq) == (life.run, 5)
    assert letter.reason.startswith("unstorable: integer out of range")
    with reading(postgres_database) as connection:
        assert {found.check for check in CHECKS for found in check(connection)} == {"runs"}


@pytest.mark.parametrize("away_s", [365 * 86400, 3601, -401 * 86400])
def test_an_event_far_from_the_time_of_its_entry_is_a_dead_letter(
    database: sa.Engine, away_s: float
) -> None:
    life = CameraLife("lobby", RUN, BEGAN_AT).sees(0, 1).sees(away_s, away_s + 1).sees(1, 2)
    recorded = BatchWriter(database, "recorder").write(deliver(life))
    assert (recorded.stored["interval"], recorded.dead) == (2, {"distant": 1})
    assert recorded.committed == {life.run: 3}
    with reading(database) as connection:
        known = connection.execute(sa.select(camera)).one()
        letter = connection.execute(sa.select(dead_letter)).one()
        assert connection.scalar(sa.select(sa.func.count()).select_from(gap)) == 0
    assert known.last_seen_at - known.first_seen_at == timedelta(seconds=2)
    assert letter.reason.startswith("distant: tells of ")
    assert (letter.run_id, letter.seq) == (life.run, 2)


@pytest.mark.parametrize("later_s", [0, 86400, 399 * 86400])
def test_an_event_that_lay_in_a_spool_is_stored(sqlite_database: sa.Engine, later_s: float) -> None:
    life = CameraLife("lobby", RUN, BEGAN_AT).sees(0, 1).sees(1, 2)
    recorded = BatchWriter(sqlite_database, "recorder").write(deliver(life, later_s))
    assert (recorded.stored["interval"], recorded.dead) == (2, {})


def test_the_end_of_a_refused_interval_is_not_believed(sqlite_database: sa.Engine) -> None:
    life = CameraLife("lobby", RUN, BEGAN_AT).sees(0, 1).sees(1, 4000)
    recorded = BatchWriter(sqlite_database, "recorder").write(deliver(life, 4000))
    assert recorded.dead == {"refused": 1}
    with reading(sqlite_database) as connection:
        known = connection.execute(sa.select(camera)).one()
    assert known.last_seen_at - known.first_seen_at == timedelta(seconds=1)


def test_a_batch_in_which_many_cameras_begin_is_written_in_parts(
    sqlite_database: sa.Engine,
) -> None:
    lives = [
        CameraLife(f"cam-{n}", f"01JD{n:022}", BEGAN_AT).says(0, CameraState.LIVE).sees(0, 1)
        for n in range(2 * MOST_STARTS)
    ]
    recorded = BatchWriter(sqlite_database, "recorder").write(
        deliver([event for life in lives for event in life])
    )
    assert recorded.stored == {"interval": 2 * MOST_STARTS, "camera": 2 * MOST_STARTS}
    assert recorded.committed == {life.run: 2 for life in lives}
