"""Devices and libraries that are not there, or not free, are told with what to do."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from surveil.engines import DeviceMemoryError, EngineName, compile_network
from surveil.engines.torch import ModuleBlueprint
from surveil.errors import ConfigError


def test_openvino_that_cannot_be_imported_is_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "surveil.engines.openvino", raising=False)
    monkeypatch.setitem(sys.modules, "openvino", None)
    blueprint = ModuleBlueprint(nn.Linear(4, 2), (2, 4))
    with pytest.raises(ConfigError, match=r"pip install --force-reinstall openvino") as raised:
        compile_network(blueprint, device="cpu", example_shape=(2, 4))
    assert raised.value.exit_code == 2, "no restart mends it"


class Full(nn.Linear):
    """A module that no device has room for."""

    def to(self, *args: object, **more: object) -> Full:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB.\nAnd more.")


def test_a_device_without_free_memory_is_told_and_tried_again_later() -> None:
    blueprint = ModuleBlueprint(Full(4, 2), (2, 4))
    with pytest.raises(
        DeviceMemoryError, match="no memory left for the networks: CUDA out"
    ) as said:
        compile_network(blueprint, device="cpu", example_shape=(2, 4), engine=EngineName.TORCH)
    assert "And more" not in str(said.value)
    assert "device: cpu" in str(said.value)
