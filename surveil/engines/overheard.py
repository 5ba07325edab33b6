"""A network that tells what it is given, for whoever counts or collects."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from surveil.engines.network import Network


class Overheard:
    """A :class:`Network` that hands each batch to a listener before it is run.

    Args:
        network: What runs it.
        tell: Gets the batch, which belongs to the caller: it is to be copied, if kept.
    """

    def __init__(self, network: Network, tell: Callable[[NDArray[np.float32]], None]) -> None:
        self._network = network
        self._tell = tell

    @property
    def tolerance(self) -> float:
        """That of the network."""
        return self._network.tolerance

    def __call__(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run the network."""
        self._tell(batch)
        return self._network(batch)
