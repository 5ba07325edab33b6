"""SQL tables, ingest, rollups and queries."""

from surveil.store.engine import connect, describe, reading, writing
from surveil.store.ingest import Written, write_batch

__all__ = ["Written", "connect", "describe", "reading", "write_batch", "writing"]
