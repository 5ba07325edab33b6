from __future__ import annotations

import random

from surveil.notify.circuit import Circuit, CircuitState
from surveil.notify.schedule import LONGEST_PAUSE_S


def test_it_opens_at_once_and_closes_with_the_first_answer() -> None:
    circuit = Circuit()
    circuit.try_again()
    assert circuit.state is CircuitState.CLOSED
    circuit.fail(None)
    assert circuit.state is CircuitState.OPEN
    circuit.try_again()
    assert circuit.state is CircuitState.HALF_OPEN
    circuit.fail(None)
    circuit.try_again()
    assert circuit.answer()
    assert circuit.state is CircuitState.CLOSED
    assert not circuit.answer()


def test_pauses_are_spread_over_a_bound_that_doubles() -> None:
    circuit = Circuit(random.Random(3))
    pauses = [circuit.fail(None) for _ in range(200)]
    assert all(0 < pause <= min(LONGEST_PAUSE_S, 2.0 * 2**n) for n, pause in enumerate(pauses))
    late = pauses[10:]
    assert min(late) < LONGEST_PAUSE_S / 10
    assert max(late) > LONGEST_PAUSE_S * 0.9
    circuit.answer()
    assert circuit.fail(None) <= 2.0


def test_who_asks_to_be_left_alone_is() -> None:
    assert Circuit().fail(900.0) >= 900.0
