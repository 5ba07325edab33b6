"""Names of devices: ``auto``, ``cpu``, ``cuda`` and ``cuda:N``."""

from __future__ import annotations

import importlib.util
import re

from surveil.engines.driver import has_gpu_driver
from surveil.errors import ConfigError

_CUDA = re.compile(r"cuda(?::(\d+))?")


def resolve_device(name: str) -> str:
    """Return the device meant by a name, as ``cpu`` or ``cuda:N``.

    ``auto`` is the first GPU where PyTorch is installed and can use one, else the CPU; ``cuda`` is
    ``cuda:0``.

    Raises:
        ConfigError: The name is unknown, or the GPU is not there.
    """
    if name == "cpu":
        return name
    if name == "auto":
        return "cuda:0" if _gpu_count() else "cpu"
    matched = _CUDA.fullmatch(name)
    if matched is None:
        raise ConfigError(f"device {name!r} is unknown: use auto, cpu, cuda or cuda:N")
    if importlib.util.find_spec("torch") is None:
        raise ConfigError(
            f"device {name!r} needs PyTorch, which is not installed: pip install 'surveil[cuda]'"
        )
    index, count = int(matched[1] or 0), _gpu_count()
    if index >= count:
        there = "no CUDA GPU is" if count == 0 else f"only {count} CUDA GPU(s) are"
        raise ConfigError(f"device {name!r} cannot be used: {there} visible to PyTorch; try auto")
    return f"cuda:{index}"


def _gpu_count() -> int:
    """Return how many GPUs PyTorch can use.

    Where NVIDIA's driver is not installed there are none, and PyTorch is not asked: importing it
    would cost a host without a GPU seconds and a gigabyte of memory. Where PyTorch is not
    installed, there is none to use either.
    """
    if importlib.util.find_spec("torch") is None:
        return 0
    if not has_gpu_driver():
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
