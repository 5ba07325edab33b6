"""Names of the keys in Redis, and which camera goes to which stream."""

from __future__ import annotations

from zlib import crc32

STREAM_PREFIX = "surveil:events"
COMMITTED_KEY = "surveil:committed"
COMMITTED_AT_KEY = "surveil:committed:at"

GROUPS = ("recorder", "alerter")
"""The consumer groups that must have acknowledged an entry before it may be trimmed."""


def stream_key(partition: int) -> str:
    """Return the key of one partition's stream."""
    return f"{STREAM_PREFIX}:{partition}"


def partition_of(camera: str, partitions: int) -> int:
    """Return the partition of a camera, the same in every process, host and release."""
    return crc32(camera.encode()) % partitions
