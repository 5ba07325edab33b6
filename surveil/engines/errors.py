"""What may go wrong when a network runs."""

from __future__ import annotations

from surveil.errors import SurveilError


class DeviceMemoryError(SurveilError, MemoryError):
    """A batch and what a network makes of it do not fit into the memory of the device.

    Whoever catches it may try a smaller batch at once: the engine has let go of all that the
    failed run held.
    """
