"""A run that stops early: when, and that a resumed one stops where it would have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kit.models import TRAIN, VALIDATION, tiny_config

from surveil.training.fit.loop import Trainer
from surveil.training.fit.patience import is_out_of_patience, stale_epochs

RISING_THEN_FLAT = [(0.5, -1.0), (0.6, -1.0), (0.6, -0.9), (0.6, -0.9), (0.4, -0.1)]


def test_epochs_after_the_best_one_are_stale() -> None:
    assert [stale_epochs(RISING_THEN_FLAT[:n]) for n in range(6)] == [0, 0, 0, 0, 1, 2]


def test_patience_ends_with_so_many_stale_epochs() -> None:
    assert not is_out_of_patience(RISING_THEN_FLAT, 3, 0)
    assert is_out_of_patience(RISING_THEN_FLAT, 2, 0)
    assert not is_out_of_patience(RISING_THEN_FLAT, None, 0)


def test_epochs_before_the_last_phase_are_not_waited_in() -> None:
    assert is_out_of_patience(RISING_THEN_FLAT, 2, 3)
    assert not is_out_of_patience(RISING_THEN_FLAT, 2, 4)


def test_the_last_phase_begins_where_its_size_does() -> None:
    config = tiny_config(epochs=3)
    assert [config.px_at(epoch) for epoch in range(3)] == [24, 24, 32]
    assert config.last_phase_from == 2
    assert tiny_config(phases=[{"until": 1.0, "px": 32}]).last_phase_from == 0


def frozen_config(**changes: Any) -> Any:
    """A run that cannot learn: after the first epoch nothing is better but by its averages."""
    changes = {"epochs": 6, "phases": [{"until": 1.0, "px": 24}], "ema": 0.0} | changes
    optimiser = {"rate": 1e-12, "warmup_epochs": 0, "momentum": 0, "weight_decay": 0}
    return tiny_config(optimiser=optimiser, **changes)


class _Flat(Trainer):
    """Finds each epoch as good as the one before."""

    def _validate(self) -> tuple[float, float]:
        return 0.5, 1.0


def test_a_run_that_gets_no_better_stops_and_says_so(tmp_path: Path) -> None:
    run = _Flat(frozen_config(patience=2), TRAIN, VALIDATION, tmp_path, "data")
    run.run()
    assert (run.epoch, run.is_over, run.is_out_of_patience) == (3, True, True)


def test_a_resumed_run_stops_where_it_would_have_stopped(tmp_path: Path) -> None:
    short = _Flat(frozen_config(epochs=2), TRAIN, VALIDATION, tmp_path, "data")
    short.run()
    again = _Flat(frozen_config(patience=2), TRAIN, VALIDATION, tmp_path, "data")
    assert again.resume()
    again.run()
    assert again.epoch == 3
    # And once it has stopped, it does not begin again; with more patience it does.
    stopped = _Flat(frozen_config(patience=2), TRAIN, VALIDATION, tmp_path, "data")
    stopped.resume()
    stopped.run()
    assert stopped.epoch == 3
    longer = _Flat(frozen_config(patience=3), TRAIN, VALIDATION, tmp_path, "data")
    longer.resume()
    longer.run()
    assert longer.epoch == 4


def test_patience_tells_nothing_of_a_budget_that_is_cut_short() -> None:
    with pytest.raises(ValueError, match="patience: cannot be had together with full_epochs"):
        tiny_config(epochs=3, full_epochs=9, patience=2)
