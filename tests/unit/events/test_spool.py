"""The spool: ``seq`` without a hole, whatever happens to the process."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ulid import ULID

from surveil.domain import (
    CameraEvent,
    CameraState,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
)
from surveil.errors import ConfigError, InUseError, UnavailableError
from surveil.events.codec import decode
from surveil.events.spool import Draft, RunMark, Spool, SpoolLease
from surveil.logs import configure_logs

AT = datetime(2025, 1, 1, tzinfo=UTC)
RUN = "01JDZZZZZZZZZZZZZZZZZZZZZZ"


def interval(second: int = 0, run: str = RUN) -> IntervalEvent:
    from_at = AT + timedelta(seconds=second)
    to_at = from_at + timedelta(seconds=1)
    return IntervalEvent("lobby", run, 0, from_at, to_at, FrameCounts(), (), "m@1")


def state(run: str = RUN) -> CameraEvent:
    return CameraEvent("lobby", run, 0, AT, CameraState.LIVE, Reason.NONE)


def drafts(*events: Event) -> list[Draft]:
    return [Draft(event) for event in events]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "inference.db"


def test_seq_counts_over_both_types_and_per_run(path: Path) -> None:
    other = "01JE0000000000000000000000"
    spool = Spool(path)
    result = spool.append(drafts(state(), interval(), state(other), interval(1)))
    assert [(e.run, e.seq) for e in result.events] == [(RUN, 1), (RUN, 2), (other, 1), (RUN, 3)]
    assert result.refused == 0
    spool.close()


def test_restart_goes_on_where_the_run_stood(path: Path) -> None:
    spool = Spool(path)
    spool.append([Draft(state(), state_index=4), Draft(interval(), last_track_id=9)])
    spool.close()
    again = Spool(path)
    assert again.mark(RUN) == RunMark(2, 9, 4, AT + timedelta(seconds=1))
    assert again.mark("unknown") == RunMark()
    assert again.append(drafts(interval(1))).events[0].seq == 3
    assert again.pending_count == 3
    again.close()


def test_pending_entries_are_the_encoded_events_in_order(path: Path) -> None:
    spool = Spool(path)
    events = spool.append(drafts(state(), interval(), interval(1))).events
    entries = spool.pending()
    assert [decode(entry.fields) for entry in entries] == list(events)
    assert [e.seq for e in spool.pending(entries[0].id, limit=1)] == [2]
    spool.close()


def test_forgets_up_to_the_committed_seq_and_goes_on_counting(path: Path) -> None:
    spool = Spool(path)
    spool.append(drafts(*(interval(n) for n in range(5))))
    assert spool.forget(RUN, 3) == 3
    assert spool.forget(RUN, 3) == 0
    assert [e.seq for e in spool.pending()] == [4, 5]
    assert spool.forget(RUN, 99) == 2
    assert (spool.pending_count, spool.pending_bytes) == (0, 0)
    assert spool.append(drafts(interval(9))).events[0].seq == 6
    assert spool.pending_runs() == [RUN]
    spool.close()


def test_full_spool_refuses_intervals_before_they_get_a_seq(path: Path) -> None:
    spool = Spool(path, max_bytes=10_000)
    result = spool.append(drafts(*(interval(n) for n in range(60))))
    assert result.refused > 0
    assert [e.seq for e in result.events] == list(range(1, 61 - result.refused))
    assert spool.append(drafts(state())).refused == 0  # the reserve
    assert spool.append(drafts(*[state()] * 30)).refused > 0
    assert spool.pending_bytes < 2 * 10_000
    spool.forget(RUN, 10**6)
    [event] = spool.append(drafts(interval(30))).events
    assert event.seq == spool.mark(RUN).last_seq
    spool.close()


def test_a_second_process_is_refused_with_the_pid(path: Path) -> None:
    program = (
        "import sys, pathlib\nfrom surveil.events.spool import Spool\n"
        "spool = Spool(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(InUseError, match=str(holder.pid)):
        Spool(path, predecessor_s=0.05)
    holder.communicate()
    Spool(path).close()


@pytest.mark.parametrize("damage", [b"this is no database at all" * 100, None])
def test_damaged_file_is_set_aside_and_its_runs_get_new_names(
    path: Path, damage: bytes | None
) -> None:
    spool = Spool(path)
    run = str(ULID())
    spool.append(drafts(*(interval(n, run) for n in range(200))))
    spool.close()
    content = bytearray(path.read_bytes())
    content[4096 : len(content) - 4096 : 7] = b"\xaa" * len(content[4096 : len(content) - 4096 : 7])
    path.write_bytes(content if damage is None else damage)
    again = Spool(path)
    assert len(list(path.parent.glob("*.damaged-*"))) == 1
    first, second = again.append(drafts(interval(200, run), interval(201, run))).events
    assert first.run == second.run != run
    assert (first.seq, second.seq) == (1, 2)
    again.close()
    thrice = Spool(path)
    assert thrice.append(drafts(interval(202, run))).events[0].run == first.run
    assert thrice.mark(run).last_seq == 3
    thrice.close()


def test_a_run_is_renamed_once_and_says_so_once(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all" * 100)
    configure_logs("inference", json=True)
    spool = Spool(path)
    run = str(ULID.from_datetime(AT))
    names = {spool.append(drafts(interval(n, run))).events[0].run for n in range(5)}
    assert len(names) == 1
    assert capsys.readouterr().err.count("run.renamed") == 1
    spool.close()


def test_a_disk_that_refuses_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "file" / "spool.db", Path("/proc/surveil/spool.db")):
        with pytest.raises(UnavailableError, match="spool"):
            Spool(path)
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(UnavailableError):
        Spool(tmp_path / "folder.db")


def test_file_of_another_version_is_left_alone(path: Path) -> None:
    spool = Spool(path)
    spool._db.execute("PRAGMA user_version = 99")
    spool.close()
    with pytest.raises(ConfigError, match="version"):
        Spool(path)
    assert not list(path.parent.glob("*.damaged-*"))


def test_killed_again_and_again_it_leaves_no_hole(path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from datetime import UTC, datetime, timedelta\n"
        "from surveil.domain import FrameCounts, IntervalEvent\n"
        "from surveil.events.spool import Draft, Spool\n"
        "at = datetime(2025, 1, 1, tzinfo=UTC); end = at + timedelta(seconds=1)\n"
        f"event = IntervalEvent('lobby', '{RUN}', 0, at, end, FrameCounts(), (), 'm@1')\n"
        "spool = Spool(pathlib.Path(sys.argv[1]))\n"
        "while True:\n"
        "    kept = spool.append([Draft(event)] * 3).events\n"
        "    print(kept[-1].seq, flush=True)\n"
    )
    promised = 0
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(7):
            promised = int(writer.stdout.readline())
        writer.kill()
        writer.wait()
        writer.stdout.close()
    spool = Spool(path)
    seqs = [entry.seq for entry in spool.pending(limit=100_000)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= promised >= 5 * 21
    spool.close()


def test_events_carry_the_token_and_the_first_one_tells_of_a_lost_host(path: Path) -> None:
    spool = Spool(path, leases={"lobby": SpoolLease(7, is_host_lost=True)})
    connecting = replace(state(), state=CameraState.CONNECTING)
    spool.append(drafts(connecting, state(), connecting, interval()))
    events = [decode(entry.fields) for entry in spool.pending()]
    assert [event.token for event in events] == [7] * 4
    reasons = [event.reason for event in events if isinstance(event, CameraEvent)]
    assert reasons == [Reason.HOST_LOST, Reason.NONE, Reason.NONE]
    spool.close()
