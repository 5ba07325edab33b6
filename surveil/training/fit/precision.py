"""On which device a run computes, and how exactly."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

import torch

from surveil.errors import ConfigError
from surveil.training.config import TrainConfig

_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""What Linux calls the instructions of x86 and ARM."""


def device_of(config: TrainConfig) -> torch.device:
    """Return the device that a configuration names.

    Raises:
        ConfigError: It asks for a GPU, or for float16, and there is no GPU.
    """
    found = torch.cuda.is_available()
    if config.device == "cuda" and not found:
        raise ConfigError(f"{config.name}: device is cuda, but PyTorch finds no GPU here")
    device = torch.device("cuda" if found and config.device != "cpu" else "cpu")
    if config.precision == "float16" and device.type == "cpu":
        raise ConfigError(
            f"{config.name}: precision float16 needs a GPU, and there is none here; "
            "set precision: bfloat16"
        )
    return device


def autocast(config: TrainConfig, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which a network is run in the configured precision."""
    precision = config.precision
    if precision == "auto":
        precision = "bfloat16" if has_bfloat16(device) else "float32"
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=_TYPES[precision])


@cache
def has_bfloat16(device: torch.device, cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether a device has instructions for bfloat16; false where that cannot be read.

    Args:
        device: Where a network runs.
        cpuinfo: What the kernel says of the processor.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    named = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return not _BFLOAT16_FLAGS.isdisjoint(named.split())


def make_scaler(config: TrainConfig) -> torch.amp.GradScaler:
    """Return the loss scaler; it passes everything through unless the precision is float16."""
    return torch.amp.GradScaler("cuda", enabled=config.precision == "float16")
