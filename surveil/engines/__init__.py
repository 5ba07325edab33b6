"""Compile a network for a device. The contract is in :mod:`surveil.engines.network`."""

from surveil.engines.blueprint import Blueprint
from surveil.engines.compilation import compile_network
from surveil.engines.device import resolve_device
from surveil.engines.errors import DeviceMemoryError
from surveil.engines.keeping import KeptNetworks
from surveil.engines.network import EngineName, Network

__all__ = [
    "Blueprint",
    "DeviceMemoryError",
    "EngineName",
    "KeptNetworks",
    "Network",
    "compile_network",
    "resolve_device",
]
