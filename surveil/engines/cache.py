"""Converted networks kept on disk: converting takes PyTorch and seconds, reading takes neither.

An entry is named by the hash of all that the conversion depends on, so it is never out of date:
what another version or other weights would make has another name. It begins with the hash of its
name and content, which is compared before OpenVINO sees a byte of it; an entry that is damaged,
under another name than its own, or of another user is not loaded but made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import openvino

from surveil.engines.blueprint import digest_of_files
from surveil.logs import get_logger
from surveil.replacing import replacing

KEPT = 24
"""Networks that a cache keeps, the least recently used go; a pipeline has four."""

MOST_BYTES = 1 << 30
"""No entry is larger; the largest network there is takes 130 MB."""

_SUFFIX = ".network"
_MAGIC = b"surveil-network-1"
_CONVERSION = Path(__file__).with_name("conversion.py")

_log = get_logger("engines")


class _RefusedError(Exception):
    """An entry that must not be loaded; its text is the cause."""


def entry_key(network: str, *facts: object) -> str:
    """Return the name of what is made of a network by this version of everything.

    Args:
        network: The digest of its blueprint.
        facts: What else the conversion is given, such as shapes.
    """
    made_by = (version("openvino"), version("torch"), digest_of_files([_CONVERSION]))
    return hashlib.sha256(repr((network, made_by, facts)).encode()).hexdigest()


def converted(folder: Path, key: str, convert: Callable[[], openvino.Model]) -> openvino.Model:
    """Return the OpenVINO model of a name from a folder, converting and keeping it if need be.

    Args:
        folder: The cache, which is made if need be; if it cannot be, or not be written to, that
            costs time at the next start and nothing else.
        key: What :func:`entry_key` returns.
        convert: Makes the model.
    """
    path = folder / f"{key[:32]}{_SUFFIX}"
    try:
        return _read(path, key)
    except FileNotFoundError:
        pass
    except (_RefusedError, OSError, RuntimeError) as error:
        # A cache may not be the reason that nothing starts. RuntimeError: OpenVINO cannot read it.
        _log.warning("network.rebuilt", path=str(path), cause=str(error)[:200])
    model = convert()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, key, model)
        _prune(folder)
    except (OSError, RuntimeError) as error:  # the disk is full or read-only
        _log.warning("network.not_kept", path=str(path), cause=str(error)[:200])
    return model


def _read(path: Path, key: str) -> openvino.Model:
    with path.open("rb") as file:
        facts = os.fstat(file.fileno())
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
            raise _RefusedError("others than this user may have written it")
        data = file.read(MOST_BYTES + 1)
    head, _, content = data.partition(b"\n")
    words = head.split(b" ")
    if len(words) != 3 or words[0] != _MAGIC or not words[1].isdigit():
        raise _RefusedError("it is damaged, or of another version")
    if words[2] != _digest(key, words[1], content):
        raise _RefusedError("its digest does not match: it is damaged, or another network's")
    graph_bytes = int(words[1])
    model = openvino.Core().read_model(content[:graph_bytes], content[graph_bytes:])
    with contextlib.suppress(OSError):  # on a read-only disk nothing is pruned either
        path.touch()
    return model


def _write(path: Path, key: str, model: openvino.Model) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        graph = Path(scratch) / "graph.xml"
        openvino.save_model(model, graph, compress_to_fp16=False)
        text, weights = graph.read_bytes(), graph.with_suffix(".bin").read_bytes()
    size = str(len(text)).encode()
    head = b" ".join((_MAGIC, size, _digest(key, size, text + weights)))
    with replacing(path) as fresh:
        fresh.touch(0o600)
        fresh.write_bytes(head + b"\n" + text + weights)


def _digest(key: str, graph_bytes: bytes, content: bytes) -> bytes:
    digest = hashlib.sha256(b" ".join((_MAGIC, key.encode(), graph_bytes)))
    digest.update(content)
    return digest.hexdigest().encode()


def _prune(folder: Path) -> None:
    known = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in known[KEPT:]:
        old.unlink(missing_ok=True)
