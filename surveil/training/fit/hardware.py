"""What a training ran on, said so that costs can be judged and no machine be told from another."""

from __future__ import annotations

import os

import torch


def describe_hardware(device: torch.device, threads: int | None = None) -> str:
    """Return the name of a GPU, or the number of CPU threads.

    Args:
        device: Where the network was trained.
        threads: Of a CPU; by default as many as there are cores for this process.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    count = threads or len(os.sched_getaffinity(0))
    return f"{count} CPU thread{'s' * (count > 1)}"
