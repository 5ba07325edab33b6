"""A network that is yet to be built, under a name that tells it from all others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import nn


class Blueprint(Protocol):
    """What an engine must know of a network before it compiles it.

    Building takes PyTorch, whose import alone takes seconds and a gigabyte of memory. So an engine
    that keeps what it made of a network asks for the digest first, and builds only where it has
    nothing of that digest. An engine calls each of them once at most.
    """

    def digest(self) -> str:
        """Return a text that no network with other outputs has; it may read files, builds nothing.

        Raises:
            ModelError: A file of the network is missing or damaged.
        """
        ...

    def build(self) -> nn.Module:
        """Return the network, which is the caller's to change and move from then on.

        It takes one float32 tensor and returns a tensor or a tuple of tensors.

        Raises:
            ModelError: A file of the network is missing or damaged.
        """
        ...


def digest_of_files(paths: Iterable[Path]) -> str:
    """Return the hash of the content of files, such as the code that builds a network."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()
