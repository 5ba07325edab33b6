"""Converted networks kept on disk: converting takes seconds at each start, reading takes none.

A file's name is the hash of all that the conversion depends on, so a file is never out of date; it
is only ever replaced by an equal one. A damaged file is converted anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openvino
import torch
from torch import nn

KEPT = 24
"""Networks that a cache keeps, the least recently used go; a pipeline has four."""


def fingerprint(module: nn.Module, *facts: object) -> str:
    """Return the hash of a module and of what else its conversion depends on."""
    digest = hashlib.sha256(repr((openvino.get_version(), torch.__version__, facts)).encode())
    digest.update(repr(module).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def converted(folder: Path | None, key: str, convert: Callable[[], Any]) -> Any:
    """Return the OpenVINO model called ``key`` from a folder, converting and keeping it if need be.

    Args:
        folder: The cache; None keeps nothing.
        key: What :func:`fingerprint` returns.
        convert: Makes the model.
    """
    if folder is None:
        return convert()
    path = folder / f"{key[:32]}.xml"
    if path.exists():
        # RuntimeError: the file is damaged; a cache may not be the reason that nothing starts.
        with contextlib.suppress(RuntimeError):
            model = openvino.Core().read_model(path)
            path.touch()
            return model
    model = convert()
    # OSError: the disk is full or read-only; then the next start takes longer again.
    with contextlib.suppress(OSError, RuntimeError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(model, path)
        _prune(folder)
    return model


def _write(model: Any, path: Path) -> None:
    """Write both files whole: the weights first, then the description that names them valid."""
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.xml")
    try:
        openvino.save_model(model, part, compress_to_fp16=False)
        part.with_suffix(".bin").replace(path.with_suffix(".bin"))
        part.replace(path)
    finally:
        for left in (part, part.with_suffix(".bin")):
            left.unlink(missing_ok=True)


def _prune(folder: Path) -> None:
    known = sorted(folder.glob("*.xml"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in known[KEPT:]:
        old.unlink(missing_ok=True)
        old.with_suffix(".bin").unlink(missing_ok=True)
