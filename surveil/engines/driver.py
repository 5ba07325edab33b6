"""Whether a GPU can be there at all, asked without PyTorch."""

from __future__ import annotations

import ctypes


def has_gpu_driver() -> bool:
    """Return whether NVIDIA's driver is installed; without it no GPU can be used."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
