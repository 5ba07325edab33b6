"""Names of devices."""

from __future__ import annotations

import pytest
import torch

from surveil.engines import resolve_device
from surveil.errors import ConfigError


def test_cpu_is_cpu() -> None:
    assert resolve_device("cpu") == "cpu"


def test_auto_is_something_there() -> None:
    assert resolve_device("auto") == ("cuda:0" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", ""])
def test_unknown_device_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown") as raised:
        resolve_device(name)
    assert repr(name) in str(raised.value)


def test_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="'cuda:99' cannot be used"):
        resolve_device("cuda:99")
