"""The courier's decisions, over an outbox in memory and a clock that only tests move."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kit.outbox import MemoryOutbox

from surveil.errors import UnavailableError
from surveil.notify.courier import Courier, Settlement
from surveil.notify.receiver import Attempt, Notice, Outcome
from surveil.notify.schedule import GIVE_UP_S, LONGEST_S, delay_s
from surveil.wallclock import WatchedClock

START_AT = datetime(2025, 3, 1, 12, tzinfo=UTC)
DOWN = Attempt(Outcome.RETRY, "refused", is_reachable=False)
BAD = Attempt(Outcome.RETRY, "HTTP status 400")
FINE = Attempt(Outcome.DELIVERED)
GONE = Attempt(Outcome.GONE, "HTTP status 410")


class World(MemoryOutbox):
    """An outbox, a receiver with scripted answers, and a clock."""

    def __init__(self, *ids: str, answers: Sequence[Attempt | Exception] = ()) -> None:
        super().__init__()
        self.now = START_AT
        for id in ids:
            self.owe(id, START_AT)
        self.answers = list(answers)
        self.tried: list[str] = []
        self.settled: list[Settlement] = []
        self.outcomes: list[str] = []
        self.mono_s = 0.0
        clock = WatchedClock(now=lambda: self.now, monotonic=lambda: self.mono_s)
        self.circuit: list[str] = []
        self.courier = Courier(
            "ops", self, self, self._note, on_circuit=self.circuit.append, clock=clock
        )

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        self.tried.append(notice.id)
        answer = self.answers.pop(0) if self.answers else FINE
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        return

    def settle(self, settlement: Settlement) -> None:
        self.settled.append(settlement)
        super().settle(settlement)

    def round(self) -> float:
        return self.courier.round(threading.Event())

    def wait(self, seconds: float) -> World:
        self.mono_s += seconds
        return self.set_clock(seconds)

    def set_clock(self, by_s: float) -> World:
        self.now += timedelta(seconds=by_s)
        return self

    def _note(self, outcome: str, detail: str) -> None:
        self.outcomes.append(outcome)


def test_delivers_what_is_due_in_order() -> None:
    world = World("a", "b", "c")
    world.round()

    assert world.tried == ["a", "b", "c"]
    assert [s.state for s in world.settled] == ["delivered"] * 3


def test_bad_message_does_not_hold_up_the_others() -> None:
    world = World("a", "b", answers=[BAD, FINE])
    world.round()

    assert [s.state for s in world.settled] == ["pending", "delivered"]
    assert world.outcomes == ["retried", "delivered"]


def test_unreachable_receiver_is_asked_with_one_message_at_growing_distances() -> None:
    world = World("a", "b", answers=[DOWN] * 100)
    pauses = []
    for _ in range(10):
        pauses.append(world.round())
        world.wait(700)

    assert len(world.tried) == 10
    assert all(0 < pause <= min(60, 2 * 2**n) for n, pause in enumerate(pauses))
    assert max(pauses) > 2


def test_all_that_waited_goes_out_once_the_receiver_answers() -> None:
    world = World("a", "b", "c", answers=[DOWN])
    world.round()
    world.wait(1.9)  # "a" may not be due yet, "b" is
    world.round()
    world.round()

    assert sorted(s.id for s in world.settled if s.state == "delivered") == ["a", "b", "c"]


def test_gives_up_after_a_day_and_a_half_and_not_before() -> None:
    world = World("a", answers=[BAD] * 2000)
    while world.owed:
        world.round()
        world.wait(30)

    lasted_s = (world.settled[-1].at - START_AT).total_seconds()
    assert world.settled[-1].state == "failed"
    assert GIVE_UP_S - 2 * LONGEST_S <= lasted_s <= GIVE_UP_S
    assert world.settled[-1].error == "HTTP status 400"


def test_gone_is_given_up_at_once() -> None:
    world = World("a", answers=[GONE])
    world.round()

    assert world.outcomes == ["failed"]
    assert world.owed == {}


def test_retry_after_is_respected() -> None:
    world = World("a", answers=[replace(BAD, retry_after_s=300.0)])
    world.round()

    assert world.next_at["a"] >= START_AT + timedelta(seconds=300)


def test_receiver_that_asks_to_be_left_alone_is_left_alone() -> None:
    world = World("a", "b", answers=[replace(DOWN, retry_after_s=900.0)])

    assert world.round() >= 900
    assert world.tried == ["a"]


@pytest.mark.parametrize(
    "error",
    [
        UnicodeError("encoding with 'idna' codec failed (label empty or too long)"),
        ZeroDivisionError("a fault of the receiver"),
    ],
)
def test_whatever_a_receiver_raises_is_a_failed_attempt_with_its_reason(error: Exception) -> None:
    world = World("a", answers=[error, error])
    world.round()
    world.wait(10)
    world.round()
    world.wait(10)
    world.round()

    assert world.outcomes == ["retried", "retried", "delivered"]
    assert world.settled[0].error == f"{type(error).__name__}: {error}"
    assert [s.attempts for s in world.settled] == [1, 2, 3]


def test_setting_the_clock_back_holds_up_nothing() -> None:
    world = World("a", answers=[BAD])
    world.round()
    world.wait(60).set_clock(-3600).round()

    assert [s.state for s in world.settled] == ["pending", "delivered"]


def test_outbox_away_is_not_the_end_of_the_courier() -> None:
    world = World("a")
    world.is_away = True
    with pytest.raises(UnavailableError):
        world.round()

    stopping = threading.Event()
    thread = threading.Thread(target=world.courier.run, args=(stopping,))
    thread.start()
    world.is_away = False
    world.courier.wake.set()
    deadline = threading.Event()
    for _ in range(1000):
        if world.settled:
            break
        deadline.wait(0.01)
    stopping.set()
    world.courier.wake.set()
    thread.join(5)

    assert [s.state for s in world.settled] == ["delivered"]
    assert not thread.is_alive()


@pytest.mark.parametrize("failures", range(1, 40))
def test_delays_grow_to_their_bound_and_are_spread(failures: int) -> None:
    low, middle, high = (delay_s(failures, chance) for chance in (0.0, 0.5, 1.0))

    assert 0 < low <= 0.1 < middle == high / 2
    assert high <= LONGEST_S
    assert high <= delay_s(failures + 1, 1.0)


def test_the_circuit_closes_with_the_first_answer_whatever_it_is() -> None:
    world = World("a", "b", answers=[DOWN, DOWN, BAD])
    for _ in range(4):
        world.round()
        world.wait(700)
    assert world.circuit == ["closed", "half-open", "half-open", "closed"]
