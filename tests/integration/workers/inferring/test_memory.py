"""Memory of a model, measured in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.figures import model_in

from surveil.training.measure.speed import STATUS, memory_bytes


@pytest.mark.skipif(not STATUS.exists(), reason="the operating system does not say")
def test_a_model_needs_more_than_its_weights_and_less_than_a_gigabyte(tmp_path: Path) -> None:
    model = model_in(tmp_path / "alpha")
    weights = sum(value.nbytes for value in model.network.parameters())
    grown = memory_bytes(model.folder, "cpu", 1)
    assert grown is not None
    assert weights < grown < 1e9
