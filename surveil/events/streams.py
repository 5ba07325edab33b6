"""Names of the keys in Redis, and which camera goes to which stream."""

from __future__ import annotations

from typing import Any
from zlib import crc32

STREAM_PREFIX = "surveil:events"
COMMITTED_KEY = "surveil:committed"
COMMITTED_AT_KEY = "surveil:committed:at"

GROUPS = ("recorder", "alerter")
"""The consumer groups that must have acknowledged an entry before it may be trimmed."""


def text_of(value: Any) -> str:
    """Return a name or an id as text, which Redis answers with as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def order_of(entry_id: Any) -> tuple[int, int]:
    """Return what an entry's id is ordered by: Unix milliseconds, and a number among them."""
    millis, _, sequence = text_of(entry_id).partition("-")
    return int(millis), int(sequence)


def stream_key(partition: int) -> str:
    """Return the key of one partition's stream."""
    return f"{STREAM_PREFIX}:{partition}"


def partition_of(camera: str, partitions: int) -> int:
    """Return the partition of a camera, the same in every process, host and release."""
    return crc32(camera.encode()) % partitions
